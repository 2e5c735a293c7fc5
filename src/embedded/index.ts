import { resolve } from 'node:path'
import type { Stores } from '../stores.js'
import { createAccountStore } from './account-store.js'
import { openEnvironment } from './environment.js'
import { createSessionStore } from './session-store.js'

/** How often expired entries are taken away. */
const sweepMs = 10_000

/**
 * Opens the store in a folder, for one process. `clock` is for tests. Throws `StoreLocked` when another
 * process has the folder.
 */
export const openEmbedded = (folder: string, clock: () => number = Date.now): Stores => {
  const environment = openEnvironment(resolve(folder))
  const sessions = createSessionStore(environment, clock)
  // A sweep that fails is tried again at the next beat; what is expired is invisible either way.
  const sweeper = setInterval(
    () => void environment.transaction(sessions.sweep).catch(() => {}),
    sweepMs,
  )
  sweeper.unref()

  return {
    kind: 'embedded',
    accounts: createAccountStore(environment),
    sessions: sessions.store,
    ping: () => environment.transaction(() => {}),
    close: async () => {
      clearInterval(sweeper)
      await environment.close()
    },
  }
}
