import { once } from 'node:events'
import { connect } from 'node:net'
import type { Test } from 'tap'
import type { Environment } from '../../src/config/load.js'
import type { Built } from '../support/app.js'
import { startRedis } from '../support/redis.js'
import { isMaster, startSentinelGroup, until } from '../support/redis-topologies.js'
import { startProxy } from '../support/tcp-proxy.js'

/** A store, and what can happen to it or to the instance before it. */
interface Stage {
  /** As the instance finds it. */
  url: string
  /** Resolves when it is as bad as it gets. */
  begin: (built: Built) => Promise<unknown>
  /** Resolves when the cause is gone; the instance may need a moment longer. Absent where it stays. */
  end?: () => Promise<unknown>
}

/** One column of the table. */
export interface Fault {
  stage: (t: Test) => Promise<Stage>
  /** What the instance that meets it is configured with. */
  variables?: Environment
}

/** The instance is told by the store's own answers, not by lines that break. */
const refusing =
  (begin: [string, ...(string | number)[]], end: [string, ...(string | number)[]]) =>
  async (t: Test): Promise<Stage> => {
    const { url, command } = await startRedis(t)
    return { url, begin: () => command(...begin), end: () => command(...end) }
  }

const down: Fault['stage'] = async (t) => {
  const redis = await startRedis(t, { durable: true })
  return { url: redis.url, begin: () => redis.kill('SIGKILL'), end: redis.start }
}

const hanging: Fault['stage'] = async (t) => {
  const redis = await startRedis(t)
  return {
    url: redis.url,
    begin: () => redis.kill('SIGSTOP'),
    end: () => redis.kill('SIGCONT'),
  }
}

/** What a server answers to a connection that asks nothing else before, as a client's would. */
const ping = async (port: number): Promise<string> => {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  socket.write('PING\r\n')
  try {
    const [answer] = await once(socket, 'data')
    return String(answer)
  } finally {
    socket.destroy()
  }
}

/** A server that has started again, and takes some seconds to read what it holds. */
const loading: Fault['stage'] = async (t) => {
  const redis = await startRedis(t, {
    durable: true,
    args: ['--key-load-delay', '300', '--loading-process-events-interval-bytes', '1024'],
  })
  let up: Promise<void> = Promise.resolve()
  return {
    url: redis.url,
    begin: async () => {
      const raw = await redis.connect()
      for (let i = 0; i < 20_000; i++) void raw.set(`filling:${i}`, '')
      await raw.ping()
      await redis.kill('SIGKILL')
      up = redis.start()
      await until('it says that it is loading', async () =>
        (await ping(redis.port)).includes('LOADING'),
      )
    },
    end: () => up,
  }
}

/** From the master's death to the promotion of its replica. */
const failingOver: Fault['stage'] = async (t) => {
  const { url, master, replica } = await startSentinelGroup(t)
  return {
    url,
    begin: async () => {
      // What the replica has not got yet would be lost, which is another test's matter.
      const raw = await master.connect()
      await raw.set('mark', '')
      await raw.wait(1, 5_000)
      await master.kill('SIGKILL')
    },
    end: () => until('the replica is the master', () => isMaster(replica)),
  }
}

/** Commands pass, and what others announce is lost on its way. */
const deaf: Fault['stage'] = async (t) => {
  const redis = await startRedis(t)
  const proxy = await startProxy(t, redis.port)
  let isOver = false
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    begin: async ({ app }) => {
      const silence = async () => {
        while (!isOver) {
          // Each new line is silenced as well, as soon as it asks to hear.
          proxy.pause('subscribe')
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      void silence()
      await until('the instance has noticed', async () => !app.stores.invalidations.isProved())
    },
    end: async () => {
      isOver = true
    },
  }
}

/** The bound is below what any process takes. */
const overBound: Fault['stage'] = async (t) => {
  const { url } = await startRedis(t)
  const begin = ({ app }: Built) =>
    until(
      'it has been measured',
      // At first it may be the channel that is not proved yet.
      async () => (await app.inject('/health/ready')).json().code === 'UNDER_PRESSURE',
    )
  return { url, begin }
}

const healthy: Fault['stage'] = async (t) => {
  const { url } = await startRedis(t)
  return { url, begin: async () => undefined }
}

/** The only place is taken by one hash that takes seconds. */
const hashing: Fault['stage'] = async (t) => {
  const { url } = await startRedis(t)
  let done: Promise<unknown> = Promise.resolve()
  return {
    url,
    begin: async ({ app }) => {
      done = app.hasher.hash('one that takes its time')
    },
    end: () => done,
  }
}

/** What may be wrong with the store, by the heading of its column. */
export const storeFaults: Record<string, Fault> = {
  down: { stage: down },
  slow: { stage: hanging },
  'read-only': { stage: refusing(['REPLICAOF', '127.0.0.1', 1], ['REPLICAOF', 'NO', 'ONE']) },
  full: { stage: refusing(['CONFIG', 'SET', 'maxmemory', 1], ['CONFIG', 'SET', 'maxmemory', 0]) },
  loading: { stage: loading },
  'failing over': { stage: failingOver },
  'channel lost': { stage: deaf },
}

/** What may be wrong with the instance or its surroundings while the store is well. */
export const otherFaults: Record<string, Fault> = {
  'hash queue full': {
    stage: hashing,
    variables: {
      HASH_CONCURRENCY: '1',
      HASH_QUEUE_MAX: '0',
      ARGON2_MEMORY_KIB: '262144',
      ARGON2_TIME_COST: '16',
    },
  },
  'mail down': {
    stage: healthy,
    variables: { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@example.com' },
  },
  'under pressure': { stage: overBound, variables: { PRESSURE_MAX_RSS_MB: '1' } },
}
