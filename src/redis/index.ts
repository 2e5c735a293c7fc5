import { createAnnouncer } from '../sessions/invalidation.js'
import type { StoreEvents, Stores } from '../stores.js'
import { createAccountStore } from './account-store.js'
import { connect } from './connect.js'
import { createInvalidations } from './invalidations.js'
import { createKeys } from './keys.js'
import { command } from './script.js'
import { createSessionStore } from './session-store.js'

/** The subscriber's connection shares the fate of the other; what matters of it is told by the channel. */
const silent: StoreEvents = { connected: () => {}, lost: () => {}, warning: () => {} }

/** Opens Redis at `url`. Does not wait for it: until it is there every operation is `StoreUnavailable`. */
export const openRedis = (
  options: { url: string; keyPrefix: string },
  events: StoreEvents,
): Stores => {
  const client = connect(options.url, events)
  const subscriber = connect(options.url, silent)
  const keys = createKeys(options.keyPrefix)
  const announcer = createAnnouncer()
  const lines = {
    publishers: () => [client],
    subscriber,
    redial: () => subscriber.disconnect(true),
  }
  const invalidations = createInvalidations(lines, keys.invalidate, announcer)
  return {
    kind: 'redis',
    accounts: createAccountStore(client, keys, announcer),
    sessions: createSessionStore(client, keys, announcer),
    invalidations,
    ping: async () => {
      await command(client.ping())
    },
    close: async () => {
      invalidations.close()
      subscriber.disconnect()
      client.disconnect()
    },
  }
}
