/** The colours of what is compared, the first of them Gatehouse's own. */
export const colors = ['#2f7d5b', '#3b6fb6', '#c2703d', '#8a94a6']
export const [ours, , , others] = colors

export const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

export const text = (x, y, words, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${more}>${escaped(words)}</text>`

/** A number as it stands in a picture. */
export const short = (value) => {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value < 10 ? 2 : 1)
}

/** Which colour is what, in a line that begins here. */
export const legend = (x, y, names) => {
  let at = x
  return names.flatMap((name, index) => {
    const from = at
    at += 28 + name.length * 6.5
    return [
      `<rect x="${from.toFixed(1)}" y="${y - 9}" width="10" height="10" fill="${colors[index]}"/>`,
      text(from + 14, y, name),
    ]
  })
}
