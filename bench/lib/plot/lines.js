import { colors, legend, text } from './text.js'

const left = 70
const top = 24
const width = 640
const height = 200

const powers = (low, high) =>
  Array.from({ length: high - low + 1 }, (_, at) => Number(`1e${low + at}`))

/** Steps of one, two or five from nothing to past the greatest, about five of them. */
const steps = (most) => {
  const power = 10 ** Math.floor(Math.log10(most / 5))
  const step = power * [1, 2, 5, 10].find((times) => times * power >= most / 5)
  const count = Math.ceil(most / step)
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(6)))
}

/** Where values lie on an axis of this length, and which of them are written at it. */
const axisOf = (values, isLog, length) => {
  const most = Math.max(...values)
  const measure = isLog ? Math.log10 : (value) => value
  const low = Math.floor(measure(Math.min(...values)))
  const ticks = isLog ? powers(low, Math.max(low + 1, Math.ceil(measure(most)))) : steps(most)
  const from = measure(ticks[0])
  const to = measure(ticks.at(-1))
  return { ticks, place: (value) => ((measure(value) - from) / (to - from)) * length }
}

/** Lines through points: `x` and `y` say whether an axis is logarithmic, and what is on it. */
export const lines = ({ series, x = {}, y = {} }) => {
  const points = series.flatMap((one) => one.points)
  const across = axisOf(
    points.map(([at]) => at),
    x.isLog,
    width,
  )
  const up = axisOf(
    points.map(([, value]) => value),
    y.isLog,
    height,
  )
  const atX = (value) => left + across.place(value)
  const atY = (value) => top + height - up.place(value)
  const grid = up.ticks.flatMap((tick) => [
    `<path d="M${left} ${atY(tick).toFixed(1)}h${width}" stroke="#d5d9e0"/>`,
    text(left - 8, atY(tick) + 4, tick.toLocaleString('en'), ' text-anchor="end"'),
  ])
  const foot = across.ticks.map((tick) =>
    text(atX(tick), top + height + 18, tick.toLocaleString('en'), ' text-anchor="middle"'),
  )
  const drawn = series.flatMap((one, index) => {
    const places = one.points.map(([at, value]) => [atX(at).toFixed(1), atY(value).toFixed(1)])
    return [
      `<polyline points="${places.join(' ')}" fill="none" stroke="${colors[index]}" stroke-width="2"/>`,
      ...places.map(
        ([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="2.5" fill="${colors[index]}"/>`,
      ),
    ]
  })
  const under = text(left + width / 2, top + height + 36, x.name ?? '', ' text-anchor="middle"')
  const names = series.map(({ name }) => name)
  return {
    height: top + height + 44,
    parts: [...legend(left, 10, names), ...grid, ...foot, under, ...drawn],
  }
}
