import type { ActivityExchange } from './abuse/activity-exchange.js'
import type { AttemptStore } from './abuse/attempt-store.js'
import type { CounterExchange } from './abuse/counter-exchange.js'
import type { LockoutStore } from './abuse/lockout-store.js'
import type { AccountStore } from './accounts/account-store.js'
import type { RecoveryStore } from './accounts/recovery-store.js'
import type { EventStore } from './events/event-store.js'
import type { MailQueue } from './mail/mail-queue.js'
import type { Invalidations } from './sessions/invalidation.js'
import type { SessionStore } from './sessions/session-store.js'
import type { StoreIncompatible } from './store-format.js'

/** Every port of one opened store. The Redis and the embedded store each make one. */
export interface Stores {
  readonly kind: 'redis' | 'embedded'
  accounts: AccountStore
  sessions: SessionStore
  recovery: RecoveryStore
  /** The channel on which the three above announce what instances have to forget. */
  invalidations: Invalidations
  lockout: LockoutStore
  attempts: AttemptStore
  events: EventStore
  mails: MailQueue
  /** How instances share counts and activity; a store that serves one process has none. */
  exchange?: { counters: CounterExchange; activity: ActivityExchange }
  /** Resolves when the store answers a write path's round trip; rejects with `StoreUnavailable`. */
  ping: () => Promise<void>
  /** What its servers say they are, such as `master`; null without any. Rejects with `StoreUnavailable`. */
  role: () => Promise<string | null>
  /** Releases connections, files and locks. What was acknowledged is durable already. */
  close: () => Promise<void>
}

/** What happens to a store's connection; for the log. */
export interface StoreEvents {
  connected: () => void
  /** `cause` may name hosts: it is for the log only. Called once an outage, not once an attempt. */
  lost: (cause: Error | undefined) => void
  /** Something an operator should mend, e.g. a `maxmemory-policy` that throws sessions away. */
  warning: (message: string) => void
  /** It is of a format that this release must not touch: nothing more is done with it, every operation fails. */
  incompatible?: (error: StoreIncompatible) => void
}

/** Thrown when another process has the embedded store open: it keeps its promises for one process only. */
export class StoreLocked extends Error {
  constructor(folder: string) {
    super(
      `Another process has the embedded store ${folder} open; stop it, or use REDIS_URL to share`,
    )
    this.name = 'StoreLocked'
  }
}
