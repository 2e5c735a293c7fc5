import { colors, legend, others, ours, short, text } from './text.js'

const left = 260
const long = 380

/**
 * Rows of bars with their values behind them: one bar each, or one for each of the `series`. Where only
 * some of the rows are Gatehouse's, these have its colour.
 */
export const bars = ({ rows, series = [] }) => {
  const thick = series.length > 0 ? 12 : 18
  const most = Math.max(...rows.flatMap(({ values }) => values))
  const isOurs = ({ name }) => name.startsWith('Gatehouse')
  const hasOthers = rows.some(isOurs) && !rows.every(isOurs)
  const colorOf = (row, at) => {
    if (series.length > 0) return colors[at]
    return hasOthers && !isOurs(row) ? others : ours
  }
  const parts = legend(left, 10, series)
  let y = series.length > 0 ? 20 : 0
  for (const row of rows) {
    const { name, values, labels = values.map(short) } = row
    const high = values.length * thick
    parts.push(text(left - 8, y + high / 2 + 4, name, ' text-anchor="end"'))
    for (const [at, value] of values.entries()) {
      const top = y + at * thick
      const width = Math.max(1, (value / most) * long)
      parts.push(
        `<rect x="${left}" y="${top}" width="${width.toFixed(1)}" height="${thick - 1}" fill="${colorOf(row, at)}"/>`,
        text(left + width + 6, top + thick / 2 + 4, labels[at]),
      )
    }
    y += high + 8
  }
  return { height: y, parts }
}
