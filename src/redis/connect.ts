import { Cluster, Redis } from 'ioredis'
import { type RedisEndpoints, redisEndpoints } from '../config/redis-url.js'
import type { StoreEvents } from '../stores.js'
import { withoutCommand } from './failures.js'
import type { Client } from './script.js'

/** The connections to one Redis, however many servers it is. */
export interface Connection {
  client: Client
  /** The servers that scripts write and publish on: one, or the masters of a Cluster. */
  masters: () => Redis[]
}

/** At least every so often, in milliseconds, a lost server is dialled, and a Cluster's map read. */
const retryMax = 250
const mapEvery = 1_000

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
  maxLoadingRetryTime: retryMax,
  retryStrategy: (attempt: number) => Math.min(attempt * 50, retryMax),
  // A demoted master answers READONLY for ever; a new connection finds the present one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
}

const connectCluster = (urls: string[]): Connection => {
  const [{ username, password, protocol }] = [new URL(urls[0] ?? '')]
  const cluster = new Cluster(urls, {
    enableOfflineQueue: false,
    maxRedirections: 4,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: mapEvery,
    clusterRetryStrategy: (attempt) => Math.min(attempt * 50, retryMax),
    redisOptions: {
      ...serverOptions,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
  })
  return { client: cluster, masters: () => cluster.nodes('master') }
}

const dial = (endpoints: RedisEndpoints): Connection => {
  if (endpoints.mode === 'cluster') return connectCluster(endpoints.urls)
  const { mode } = endpoints
  const redis =
    mode === 'standalone'
      ? new Redis(endpoints.url, serverOptions)
      : new Redis({
          ...serverOptions,
          ...endpoints,
          sentinelRetryStrategy: (attempt) => Math.min(attempt * 50, retryMax),
        })
  return { client: redis, masters: () => [redis] }
}

/** Dials Redis as `REDIS_URL` says, goes on dialling while it is away, and tells what happens. */
export const connect = (url: string, events: StoreEvents): Connection => {
  const endpoints = redisEndpoints(url)
  if (endpoints === undefined) throw new TypeError('REDIS_URL has none of its forms')
  const connection = dial(endpoints)
  const { client } = connection

  let lost = false
  let cause: Error | undefined
  client.on('error', (error: Error) => {
    cause = withoutCommand(error)
  })
  client.on('close', () => {
    // Nobody but ourselves ends it: what is lost is dialled again.
    if (lost || client.status === 'end') return
    lost = true
    events.lost(cause)
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
  const infos = await Promise.allSettled(masters().map((master) => master.info('memory')))
  for (const info of infos) {
    const text = info.status === 'fulfilled' ? info.value : ''
    const policy = /maxmemory_policy:(\S+)/.exec(text)?.[1] ?? 'noeviction'
    if (policy === 'noeviction') continue
    events.warning(`Redis has maxmemory-policy ${policy}; set it to noeviction, or data is lost`)
  }
}
