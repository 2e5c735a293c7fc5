import { Redis, type RedisOptions } from 'ioredis'
import { redisEndpoints } from '../config/redis-url.js'
import type { StoreEvents } from '../stores.js'
import { withoutCommand } from './failures.js'
import { connectCluster } from './redis-cluster.js'
import type { Client } from './script.js'
import { connectSentinel } from './sentinel.js'

/** The connections to one Redis, however many servers it is. */
export interface Connection {
  client: Client
  /** The servers that scripts write and publish on: one, or the masters of a Cluster. */
  masters: () => Master[]
}

/** One of these servers. It stays the same one while its connection is lost and dialled anew. */
export interface Master {
  name: string
  /** Where its commands go; undefined while it is not connected. */
  connection: () => Redis | undefined
}

/**
 * No request waits for an outage: a command answers or fails within 800 ms, and nothing is sent twice. A
 * connection that swallows commands without an answer is dropped after a second.
 */
const serverOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 800,
  connectTimeout: 1_000,
  socketTimeout: 1_000,
  disconnectTimeout: 500,
  // Spares every connection two commands that a server may neither know nor permit.
  disableClientInfo: true,
  maxLoadingRetryTime: 250,
  // A lost server is dialled every so often.
  retryStrategy: (attempt: number) => Math.min(attempt * 50, 250),
  // A demoted master answers READONLY for ever; a new connection finds the present one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies RedisOptions

export type ServerOptions = typeof serverOptions

const dial = (url: string): Connection => {
  const endpoints = redisEndpoints(url)
  if (endpoints === undefined) throw new TypeError('REDIS_URL has none of its forms')
  if (endpoints.mode === 'cluster') return connectCluster(endpoints.urls, serverOptions)
  if (endpoints.mode === 'sentinel') return connectSentinel(endpoints, serverOptions)
  const redis = new Redis(endpoints.url, serverOptions)
  return { client: redis, masters: () => [{ name: 'server', connection: () => redis }] }
}

/** Dials Redis as `REDIS_URL` says, goes on dialling while it is away, and tells what happens. */
export const connect = (url: string, events: StoreEvents): Connection => {
  const connection = dial(url)
  const { client } = connection

  let lost = false
  let ended = false
  let cause: Error | undefined
  client.on('error', (error: Error & { lastNodeError?: Error }) => {
    // A Cluster says only that no node would do; what the last of them said is the reason.
    cause = withoutCommand(error.lastNodeError ?? error)
  })
  client.on('node error', (error: Error) => {
    cause = withoutCommand(error)
  })
  // Nobody but ourselves ends it: what is lost is dialled again.
  client.once('end', () => {
    ended = true
  })
  client.on('close', () => {
    // Whether it is the end is told after this.
    queueMicrotask(() => {
      if (lost || ended) return
      lost = true
      events.lost(cause)
    })
  })
  client.on('ready', () => {
    lost = false
    cause = undefined
    events.connected()
    void warnOfEviction(connection, events)
  })
  return connection
}

/** Any other policy than `noeviction` silently ends sessions, or loses accounts, when memory runs short. */
const warnOfEviction = async ({ masters }: Connection, events: StoreEvents): Promise<void> => {
  const infos = await Promise.allSettled(masters().map((one) => one.connection()?.info('memory')))
  for (const info of infos) {
    const text = (info.status === 'fulfilled' && info.value) || ''
    const policy = /maxmemory_policy:(\S+)/.exec(text)?.[1] ?? 'noeviction'
    if (policy === 'noeviction') continue
    events.warning(`Redis has maxmemory-policy ${policy}; set it to noeviction, or data is lost`)
  }
}
