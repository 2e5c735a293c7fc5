import { Redis } from 'ioredis'
import type { RedisEndpoints } from '../config/redis-url.js'
import { type Connection, serverOptions } from './connection.js'
import { gatherWrites } from './gather-writes.js'

type Endpoints = Extract<RedisEndpoints, { mode: 'sentinel' }>

/**
 * Dials the master that Sentinels name. They are heard, too, when they name another: the one before goes on
 * answering for some ten seconds, and what it acknowledges is lost.
 */
export const connectSentinel = ({ sentinels, name, ...credentials }: Endpoints): Connection => {
  const redis = new Redis({
    ...serverOptions,
    ...credentials,
    sentinels,
    name,
    sentinelRetryStrategy: serverOptions.retryStrategy,
    sentinelCommandTimeout: serverOptions.commandTimeout,
  })
  gatherWrites(redis)

  // Another address is another master, and what it publishes has to be heard there.
  let address = ''
  // An attempt that began before the news may end at the old master.
  let outdated = false
  redis.on('connecting', () => {
    outdated = false
  })
  redis.on('ready', () => {
    address = `${redis.stream.remoteAddress} ${redis.stream.remotePort}`
    if (outdated) redis.disconnect(true)
  })
  const hear = (_channel: string, message: string) => {
    const [subject, , , host, port] = message.split(' ')
    if (subject !== name) return
    if (redis.status !== 'ready') outdated = true
    else if (address !== `${host} ${port}`) redis.disconnect(true)
  }
  const ears = sentinels.map((sentinel) => {
    const ear = new Redis({ ...sentinel, retryStrategy: () => 1_000, enableReadyCheck: false })
    ear.on('error', () => {})
    ear.on('message', hear)
    ear.subscribe('+switch-master').catch(() => {})
    return ear
  })

  const disconnect = redis.disconnect.bind(redis)
  redis.disconnect = (reconnect) => {
    if (reconnect !== true) for (const ear of ears) ear.disconnect()
    disconnect(reconnect)
  }
  const masters = () => (address === '' ? [] : [{ name: address, connection: () => redis }])
  return { client: redis, masters }
}
