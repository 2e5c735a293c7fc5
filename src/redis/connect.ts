import { Redis } from 'ioredis'
import type { StoreEvents } from '../stores.js'

/**
 * A connection that never makes a request wait for an outage: no offline queue, a command answers or fails
 * within 800 ms, and nothing is sent twice. A connection that swallows commands without an answer is
 * dropped after a second, and dialled again at least every 250 ms until it is back.
 */
export const connect = (url: string, events: StoreEvents): Redis => {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 800,
    connectTimeout: 1_000,
    socketTimeout: 1_000,
    maxLoadingRetryTime: 250,
    retryStrategy: (attempt) => Math.min(attempt * 50, 250),
    // A demoted master answers READONLY for ever; a new connection finds the present one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })

  let lost = false
  let cause: Error | undefined
  client.on('error', (error) => {
    cause = error
  })
  client.on('close', () => {
    if (!lost) events.lost(cause)
    lost = true
  })
  client.on('ready', () => {
    lost = false
    cause = undefined
    events.connected()
    void warnOfEviction(client, events)
  })
  return client
}

/** Any other policy than `noeviction` silently ends sessions, or loses accounts, when memory runs short. */
const warnOfEviction = async (client: Redis, events: StoreEvents): Promise<void> => {
  const info = await client.info('memory').catch(() => '')
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1]
  if (policy !== undefined && policy !== 'noeviction') {
    events.warning(`Redis has maxmemory-policy ${policy}; set it to noeviction, or data is lost`)
  }
}
