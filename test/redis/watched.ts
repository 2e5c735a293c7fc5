import type { Redis } from 'ioredis'
import type { AccountStore } from '../../src/accounts/account-store.js'
import { createAccountStore } from '../../src/redis/account-store.js'
import { createKeys } from '../../src/redis/keys.js'
import { createAnnouncer } from '../../src/sessions/invalidation.js'

/** The store of an instance about each of whose commands `before` decides: how many it has sent so far. */
export const watchedAccounts = (raw: Redis, before: (sent: number) => unknown): AccountStore => {
  let sent = 0
  const client = new Proxy(raw, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        await before(sent++)
        return method.apply(target, args)
      }
    },
  })
  return createAccountStore(client, createKeys('gh:'), createAnnouncer())
}

/** An instance whose process ends after so many commands. */
export const mortalAccounts = (raw: Redis, commands: number): AccountStore =>
  watchedAccounts(raw, (sent) => {
    if (sent >= commands) throw new Error('This process has ended')
  })
