import { buckets, holdMs, memoryMs } from '../abuse/lockout-rules.js'
import type { LockoutStore } from '../abuse/lockout-store.js'
import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

type Reply = ['go'] | ['wait'] | ['locked', number]

/** The failed password checks in Redis: one hash an email, which lapses a day or more after the last. */
export const createLockoutStore = (client: Client, keys: Keys): LockoutStore => {
  const reserveCheck = script<Reply>(client, 'reserve-check')
  const settleCheck = script<number>(client, 'settle-check')

  return {
    async reserve({ email, source, isKnownDevice }, id, { tiers, accountMax }) {
      const failures = tiers.map((tier) => tier.failures)
      const args = [source, id, isKnownDevice ? 1 : 0, accountMax, holdMs, buckets, ...failures]
      const [outcome, remainingMs] = await reserveCheck([keys.lockout(email)], args)
      return outcome === 'locked' ? { outcome, remainingMs } : { outcome }
    },

    settle({ email, source }, id, result, { tiers }) {
      const flat = tiers.flatMap(({ failures, lockMs }) => [failures, lockMs])
      return settleCheck([keys.lockout(email)], [source, id, result, memoryMs, buckets, ...flat])
    },

    async clear(email) {
      await command(client.del(keys.lockout(email)))
    },
  }
}
