import { Overloaded } from '../errors.js'

/** How many jobs there may be. */
export interface PoolOptions {
  /** Jobs at once, 1 or more. */
  concurrency: number
  /** Jobs that may wait beside them; 0: none waits. */
  queueMax: number
}

/** How many there are: under way, and waiting. */
export interface PoolStats {
  active: number
  queued: number
}

/** Runs costly jobs a few at a time. */
export interface Pool {
  /**
   * Runs `job` when its turn comes, first come, first served, and settles as it does.
   *
   * @throws Overloaded at once, without running it, where the queue is full.
   */
  run: <Result>(job: () => Promise<Result>) => Promise<Result>
  stats: () => PoolStats
}

const requireInteger = (name: string, value: number, least: number): void => {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name} must be a whole number, ${least} or more`)
  }
}

/** @throws RangeError where a bound is no whole number or below its least value. */
export const createPool = ({ concurrency, queueMax }: PoolOptions): Pool => {
  requireInteger('concurrency', concurrency, 1)
  requireInteger('queueMax', queueMax, 0)

  const waiting: (() => void)[] = []
  let active = 0

  return {
    run: async (job) => {
      if (active < concurrency) active += 1
      else if (waiting.length < queueMax) {
        // The job that ends passes its place on without counting down, so no newcomer slips in between.
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else throw new Overloaded()

      try {
        return await job()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else active -= 1
      }
    },

    stats: () => ({ active, queued: waiting.length }),
  }
}
