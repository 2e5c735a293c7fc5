import { Overloaded } from '../errors.js'
import { randomId } from '../ids.js'
import type { AttemptLimit, AttemptStore } from './attempt-store.js'
import { createLines } from './lines.js'

/** Whether it may happen; `resetMs` until it may again. */
export type Counted = { outcome: 'go' } | { outcome: 'exceeded'; resetMs: number }

/**
 * Counts something that happens, exactly and across all instances, against several keys at once. Where one
 * of them is used up it counts against none. Throws `Overloaded` (too long a wait), `StoreUnavailable`.
 */
export type ExactCount = (keys: string[], limit: AttemptLimit) => Promise<Counted>

/** Waits in line where attempts of others are not settled yet. */
export const createExactCount = (attempts: AttemptStore): ExactCount => {
  const lines = createLines()

  return async (keys, limit) => {
    const id = randomId()
    const held: string[] = []
    const settle = async (counts: boolean): Promise<void> => {
      for (const key of held) {
        await attempts.settle(key, id, counts, limit)
        lines.freed(key)
      }
    }
    for (const key of keys) {
      const attempt = await lines.untilFree(key, () => attempts.reserve(key, id, limit))
      if (attempt.outcome !== 'go') {
        // What is not settled lapses by itself.
        await settle(false).catch(() => {})
        if (attempt.outcome === 'wait') throw new Overloaded()
        return attempt
      }
      held.push(key)
    }
    await settle(true)
    return { outcome: 'go' }
  }
}
