import type { Redis, RedisOptions } from 'ioredis'
import type { Client } from './script.js'

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
export const serverOptions = {
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
