import { createAnnouncer } from '../sessions/invalidation.js'
import { type ReleaseFormat, releaseFormat } from '../store-format.js'
import type { StoreEvents, Stores } from '../stores.js'
import { createAccountStore } from './account-store.js'
import { createActivityExchange } from './activity-exchange.js'
import { createAttemptStore } from './attempt-store.js'
import { connect } from './connect.js'
import { createCounterExchange } from './counter-exchange.js'
import { createEventStore } from './event-store.js'
import { createFormatCheck } from './format.js'
import { createInvalidations } from './invalidations.js'
import { createKeys } from './keys.js'
import { createLockoutStore } from './lockout-store.js'
import { createMailQueue } from './mail-queue.js'
import { createRecoveryStore } from './recovery-store.js'
import { serversRole } from './role.js'
import { command } from './script.js'
import { createSessionStore } from './session-store.js'

/** Which Redis, and how it is used. */
export interface RedisOptions {
  url: string
  keyPrefix: string
  /** What is written of the store's format by this release. */
  format?: ReleaseFormat
  /** Someone who reads alone, and leaves the format to others. */
  observer?: boolean
}

/** Opens the Redis that `url` names (a server, a Cluster or a Sentinel's master). Does not wait for it: until it is there every operation is `StoreUnavailable`. */
export const openRedis = (
  { url, keyPrefix, format = releaseFormat, observer }: RedisOptions,
  events: StoreEvents,
): Stores => {
  const keys = createKeys(keyPrefix)
  const { client, masters } = connect(url, {
    ...events,
    connected: () => {
      void formatCheck.check()
      events.connected()
    },
  })
  const announcer = createAnnouncer()
  const invalidations = createInvalidations(masters, keys.invalidate, announcer)
  const close = () => {
    formatCheck.close()
    invalidations.close()
    client.disconnect()
  }
  const formatCheck = createFormatCheck(client, keys.format, { format, observer }, (error) => {
    // Whoever is served by it now must not be served any longer: without a connection every operation fails.
    close()
    events.incompatible?.(error)
  })
  return {
    kind: 'redis',
    accounts: createAccountStore(client, keys, announcer),
    sessions: createSessionStore(client, keys, announcer),
    recovery: createRecoveryStore(client, keys, announcer),
    invalidations,
    lockout: createLockoutStore(client, keys),
    attempts: createAttemptStore(client, keys),
    events: createEventStore(client, keys),
    mails: createMailQueue(client, keys),
    exchange: {
      counters: createCounterExchange(client, keys),
      activity: createActivityExchange(client, keys),
    },
    ping: async () => {
      // A write, since a replica, or a server out of memory or disk, answers a PING as well.
      await command(client.set(keys.ping, '', 'PX', 1_000))
    },
    role: () => serversRole(masters()),
    close: async () => close(),
  }
}
