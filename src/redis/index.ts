import { createAnnouncer } from '../sessions/invalidation.js'
import type { StoreEvents, Stores } from '../stores.js'
import { createAccountStore } from './account-store.js'
import { createActivityExchange } from './activity-exchange.js'
import { createAttemptStore } from './attempt-store.js'
import { connect } from './connect.js'
import { createCounterExchange } from './counter-exchange.js'
import { createEventStore } from './event-store.js'
import { createInvalidations } from './invalidations.js'
import { createKeys } from './keys.js'
import { createLockoutStore } from './lockout-store.js'
import { serversRole } from './role.js'
import { command } from './script.js'
import { createSessionStore } from './session-store.js'

/** Opens the Redis that `url` names (a server, a Cluster or a Sentinel's master). Does not wait for it: until it is there every operation is `StoreUnavailable`. */
export const openRedis = (
  options: { url: string; keyPrefix: string },
  events: StoreEvents,
): Stores => {
  const { client, masters } = connect(options.url, events)
  const keys = createKeys(options.keyPrefix)
  const announcer = createAnnouncer()
  const invalidations = createInvalidations(masters, keys.invalidate, announcer)
  return {
    kind: 'redis',
    accounts: createAccountStore(client, keys, announcer),
    sessions: createSessionStore(client, keys, announcer),
    invalidations,
    lockout: createLockoutStore(client, keys),
    attempts: createAttemptStore(client, keys),
    events: createEventStore(client, keys),
    exchange: {
      counters: createCounterExchange(client, keys),
      activity: createActivityExchange(client, keys),
    },
    ping: async () => {
      // A write, since a replica, or a server out of memory or disk, answers a PING as well.
      await command(client.set(keys.ping, '', 'PX', 1_000))
    },
    role: () => serversRole(masters()),
    close: async () => {
      invalidations.close()
      client.disconnect()
    },
  }
}
