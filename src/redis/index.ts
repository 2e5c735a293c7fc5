import type { StoreEvents, Stores } from '../stores.js'
import { createAccountStore } from './account-store.js'
import { connect } from './connect.js'
import { createKeys } from './keys.js'
import { command } from './script.js'
import { createSessionStore } from './session-store.js'

/** Opens Redis at `url`. Does not wait for it: until it is there every operation is `StoreUnavailable`. */
export const openRedis = (
  options: { url: string; keyPrefix: string },
  events: StoreEvents,
): Stores => {
  const client = connect(options.url, events)
  const keys = createKeys(options.keyPrefix)
  return {
    kind: 'redis',
    accounts: createAccountStore(client, keys),
    sessions: createSessionStore(client, keys),
    ping: async () => {
      await command(client.ping())
    },
    close: async () => {
      client.disconnect()
    },
  }
}
