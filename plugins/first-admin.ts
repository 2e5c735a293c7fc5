import { setTimeout } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { createFirstAdmin } from '../src/accounts/first-admin.js'
import type { Config } from '../src/config/schema.js'
import { GatehouseError } from '../src/errors.js'

/** How long a start waits for it, in milliseconds: with a store that is there the admin can sign in at once. */
const startWait = 2_000
/** How often it is tried while the store is away, in milliseconds. */
const retryAfter = 250

/** Makes the first admin at start, where one is configured. A store that is away is waited for, past the start. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = config
    if (email === undefined || password === undefined) return
    const ensure = createFirstAdmin({
      accounts: app.stores.accounts,
      hasher: app.hasher,
      emit: app.events.emit,
    })

    /** Whether there is nothing more to do. */
    const isDone = async (): Promise<boolean> => {
      const result = await ensure(email, password)
      if (result.outcome === 'pending') return false
      const { userId, role, isActive } = result.account
      if (result.outcome === 'made') app.log.info({ userId }, 'first admin made')
      else if (role === 'admin' && isActive) app.log.info({ userId }, 'first admin exists already')
      else app.log.warn({ userId, role, isActive }, 'first admin exists, and is no active admin')
      return true
    }

    const closing = new AbortController()
    const work = async (): Promise<void> => {
      while (!closing.signal.aborted) {
        try {
          if (await isDone()) return
        } catch (err) {
          if (!(err instanceof GatehouseError)) {
            app.log.error({ err }, 'first admin not made')
            return
          }
        }
        await setTimeout(retryAfter, undefined, { signal: closing.signal }).catch(() => {})
      }
    }

    let working: Promise<void> | undefined
    app.addHook('onReady', async () => {
      working = work()
      await Promise.race([working, setTimeout(startWait, undefined, { ref: false })])
    })
    app.addHook('onClose', async () => {
      closing.abort()
      await working
    })
  },
  { name: 'first-admin', dependencies: ['stores', 'events', 'passwords'] },
)
