const row = 26
const left = 300
const width = 420
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** Bars with their values behind them, as an SVG that is legible on light and on dark pages. */
export const barChart = (title, bars) => {
  const most = Math.max(...bars.map(({ value }) => value))
  const height = bars.length * row + 40
  const lines = bars.map(({ name, value }, at) => {
    const y = 34 + at * row
    const long = Math.max(1, (value / most) * width)
    const color = name.startsWith('Gatehouse') ? '#2f7d5b' : '#8a94a6'
    return [
      `  <text x="${left - 8}" y="${y + 15}" text-anchor="end">${escaped(name)}</text>`,
      `  <rect x="${left}" y="${y + 3}" width="${long.toFixed(1)}" height="${row - 8}" fill="${color}"/>`,
      `  <text x="${(left + long + 6).toFixed(1)}" y="${y + 15}">${value.toFixed(2)}</text>`,
    ].join('\n')
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 60}" height="${height}" font-family="sans-serif" font-size="12">`,
    `  <title>${escaped(title)}</title>`,
    `  <rect width="100%" height="100%" fill="#ffffff"/>`,
    `  <text x="8" y="20" font-weight="bold">${escaped(title)}</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}
