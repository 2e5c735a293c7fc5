import { type AttemptStore, underWayMax } from '../abuse/attempt-store.js'
import { holdMs } from '../abuse/lockout-rules.js'
import type { Keys } from './keys.js'
import { type Client, script } from './script.js'

type Reply = ['go'] | ['wait'] | ['exceeded', number]

/** The limited attempts in Redis: one string a key, which lapses with its window. */
export const createAttemptStore = (client: Client, keys: Keys): AttemptStore => {
  const reserveAttempt = script<Reply>(client, 'reserve-attempt')
  const settleAttempt = script<'settled'>(client, 'settle-attempt')

  return {
    async reserve(key, id, { max }) {
      const args = [id, max, holdMs, underWayMax]
      const [outcome, resetMs] = await reserveAttempt([keys.attempts(key)], args)
      return outcome === 'exceeded' ? { outcome, resetMs } : { outcome }
    },
    async settle(key, id, counts, { windowMs }) {
      await settleAttempt([keys.attempts(key)], [id, counts ? 1 : 0, windowMs])
    },
  }
}
