import { Redis } from 'ioredis'
import { redisEndpoints } from '../config/redis-url.js'
import type { StoreEvents } from '../stores.js'
import { type Connection, serverOptions } from './connection.js'
import { withoutCommand } from './failures.js'
import { gatherWrites } from './gather-writes.js'
import { connectCluster } from './redis-cluster.js'
import { connectSentinel } from './sentinel.js'

const dial = (url: string): Connection => {
  const endpoints = redisEndpoints(url)
  if (endpoints === undefined) throw new TypeError('REDIS_URL has none of its forms')
  if (endpoints.mode === 'cluster') return connectCluster(endpoints.urls)
  if (endpoints.mode === 'sentinel') return connectSentinel(endpoints)
  const redis = new Redis(endpoints.url, serverOptions)
  gatherWrites(redis)
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
