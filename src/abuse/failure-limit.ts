import { AuthRateLimitExceeded, GatehouseError, Overloaded } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import { randomId } from '../ids.js'
import { networkOf } from './address.js'
import type { AttemptLimit, AttemptStore } from './attempt-store.js'
import { createLines } from './lines.js'

/** What counts against the limit: a failed sign-in, and a registration that met an account. */
const counting = new Set(['INVALID_CREDENTIALS', 'ACCOUNT_DEACTIVATED', 'USER_EXISTS'])

/**
 * Limits failed sign-ins and refused registrations of one address, exactly. Work beyond what could still
 * fail waits for the rest, so that neither parallel guesses nor an office that signs in at nine suffer.
 * Throws `AuthRateLimitExceeded`, `Overloaded` (too long a wait), `StoreUnavailable`.
 */
export const createFailureLimit = (deps: {
  attempts: AttemptStore
  limit: AttemptLimit
  emit: Emit
}) => {
  const { attempts, limit, emit } = deps
  const lines = createLines()

  return async <Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> => {
    const key = `failures:${networkOf(origin.ip)}`
    const id = randomId()
    const attempt = await lines.untilFree(key, () => attempts.reserve(key, id, limit))
    if (attempt.outcome === 'wait') throw new Overloaded()
    if (attempt.outcome === 'exceeded') {
      emit('rate_limit.exceeded', origin, { reason: 'failures' })
      const reset = Math.max(1, Math.ceil(attempt.resetMs / 1000))
      throw new AuthRateLimitExceeded({ retryAfter: reset, limit: { max: limit.max, reset } })
    }

    const settle = async (counts: boolean): Promise<void> => {
      await attempts.settle(key, id, counts, limit)
      lines.freed(key)
    }
    try {
      const result = await work()
      // It is done and can't be undone: what is not settled lapses by itself.
      await settle(false).catch(() => {})
      return result
    } catch (error) {
      // A refusal that could not be counted is not told: the guess would be free.
      if (error instanceof GatehouseError && counting.has(error.code)) await settle(true)
      else await settle(false).catch(() => {})
      throw error
    }
  }
}
