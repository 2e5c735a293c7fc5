/** A worker that has served for this long, in milliseconds, has not died at once. */
export const steadyMs = 1_000
/** As many that die at once, one after the other, are enough. */
export const quickMax = 5

const backOffMin = 100
const backOffMax = 10_000

/** What to do about workers that die: whom to replace when, and when to give up. */
export const createDeaths = () => {
  let quick = 0
  let died = 0
  return {
    /** A worker has served for `steadyMs`. */
    steady: (): void => {
      quick = 0
    },
    /** Milliseconds until the worker is replaced, or 'enough'. */
    died: (atOnce: boolean): number | 'enough' => {
      died += 1
      if (!atOnce) return 0
      quick += 1
      if (quick >= quickMax) return 'enough'
      return Math.min(backOffMin * 2 ** (quick - 1), backOffMax)
    },
    /** How many there were since the start. */
    total: (): number => died,
  }
}
