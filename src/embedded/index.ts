import { resolve } from 'node:path'
import type { LockoutRecord } from '../abuse/lockout-rules.js'
import { createAnnouncer } from '../sessions/invalidation.js'
import { type ReleaseFormat, releaseFormat } from '../store-format.js'
import type { Stores } from '../stores.js'
import { createAccountStore } from './account-store.js'
import { type AttemptRecord, createAttemptStore } from './attempt-store.js'
import { openEnvironment } from './environment.js'
import { createEventStore } from './event-store.js'
import { openExpiring } from './expiring.js'
import { claimFormat } from './format.js'
import { createLockoutStore } from './lockout-store.js'
import { createMailQueue } from './mail-queue.js'
import { onceTable } from './once-table.js'
import { createRecoveryStore } from './recovery-store.js'
import { createSessionStore } from './session-store.js'
import { sessionTable } from './session-table.js'

/** How often expired entries are taken away. */
const sweepMs = 10_000

/**
 * Opens the store in a folder, for one process. `clock` is for tests. Throws `StoreLocked` when another
 * process has the folder, and `StoreIncompatible` for a format that this release must not touch.
 */
export const openEmbedded = (
  folder: string,
  clock: () => number = Date.now,
  format: ReleaseFormat = releaseFormat,
): Stores => {
  const environment = openEnvironment(resolve(folder))
  claimFormat(environment, format)
  const announcer = createAnnouncer()
  const sessions = sessionTable(environment, clock)
  const lockout = openExpiring<LockoutRecord>(environment, 'lockout', clock)
  const attempts = openExpiring<AttemptRecord>(environment, 'attempts', clock)
  const once = onceTable(environment, clock)
  const sweep = () =>
    environment.transaction(() => {
      for (const table of [sessions, once, lockout, attempts]) table.sweep()
    })
  // A sweep that fails is tried again at the next beat; what is expired is invisible either way.
  const sweeper = setInterval(() => void sweep().catch(() => {}), sweepMs)
  sweeper.unref()

  return {
    kind: 'embedded',
    accounts: createAccountStore(environment, sessions, once, announcer),
    sessions: createSessionStore(environment, sessions, announcer, clock),
    recovery: createRecoveryStore(environment, once, sessions, announcer, clock),
    // Within one process the announcement is a call, which can't be lost.
    invalidations: { listen: announcer.listen, isProved: () => true },
    lockout: createLockoutStore(environment, lockout, clock),
    attempts: createAttemptStore(environment, attempts, clock),
    events: createEventStore(environment),
    mails: createMailQueue(environment, clock),
    ping: () => environment.transaction(() => {}),
    role: async () => 'embedded',
    close: async () => {
      clearInterval(sweeper)
      await environment.close()
    },
  }
}
