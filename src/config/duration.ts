/** Milliseconds, as all times of the configuration are. */
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const units = new Map([
  ['ms', 1],
  ['s', SECOND],
  ['m', MINUTE],
  ['h', HOUR],
  ['d', DAY],
])

/**
 * Milliseconds of `15m`, `7d`, `500ms` and so on; undefined for anything else. A number without a unit
 * is refused, since half of its readers would take it for seconds; so are fractions and sums, so that
 * there is one way to write each, and nothing is ever rounded down to no time at all.
 */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  const milliseconds = Number(amount) * (units.get(unit) ?? Number.NaN)
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined
}

/** The shortest text that `parseDuration` reads back as the same time. */
export function formatDuration(milliseconds: number): string {
  const largestFirst = [...units].reverse()
  const [unit, size] = largestFirst.find(([, size]) => milliseconds % size === 0) ?? ['ms', 1]
  return milliseconds === 0 ? '0s' : `${milliseconds / size}${unit}`
}
