import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { endWithUs } from './end-with-us.js'
import { freePort } from './free-port.js'
import { findRedisServer } from './programs.js'

export interface RedisOptions {
  /** Every write is on disk before it is acknowledged: survives `kill('SIGKILL')` and `start()`. */
  durable?: boolean
  /** More arguments, e.g. `['--maxmemory', '4mb']`. */
  args?: string[]
  /** Lines of a configuration file, for what takes no arguments: a Sentinel. */
  config?: string[]
  /** A port of one's own choice, for a server that others must find again. */
  port?: number
}

/** A private Redis server; it and its folder are gone when the test ends. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Sends one command on a connection of its own and answers the reply. */
  command: (name: string, ...args: (string | number)[]) => Promise<unknown>
  /** A connection that lasts, e.g. to subscribe or monitor; closed when the test ends. */
  connect: () => Promise<Redis>
  /** Ends it in an orderly way. */
  stop: () => Promise<void>
  /** Starts it again on the same port and folder. */
  start: () => Promise<void>
  /**
   * `SIGKILL` ends it at once (resolves when it has ended); `SIGSTOP` makes it hang with its
   * connections open, `SIGCONT` makes it go on.
   */
  kill: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => Promise<void>
}

const portsToTry = 20

/** What a server prints when it is ready: a plain one, and one started with `--sentinel`. */
const ready = /Ready to accept connections|Sentinel ID is/

/** Starts a Redis server of one's own and waits until it answers. */
export const startRedis = async (
  t: Pick<Test, 'teardown'>,
  { durable = false, args = [], config = [], port: wanted }: RedisOptions = {},
): Promise<RedisServer> => {
  const program = findRedisServer()
  if (!program) throw new Error('No redis-server: run node test/support/prepare.js')
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'))
  const configFile = join(folder, 'redis.conf')
  writeFileSync(configFile, config.join('\n'))
  const clients = new Set<Redis>()
  let child: ChildProcess | undefined

  t.teardown(async () => {
    for (const client of clients) client.disconnect()
    await end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const alive = (): boolean => child?.exitCode === null && child.signalCode === null

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || !alive()) return
    const exited = once(child, 'exit')
    child.kill(signal)
    // A server that hangs by SIGSTOP would heed a SIGTERM only when it goes on.
    child.kill('SIGCONT')
    await exited
  }

  /** Resolves to false where the port is taken. */
  const run = async (port: number): Promise<boolean> => {
    const persistence = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []
    const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '']
    const started = spawn(program, [configFile, ...settings, ...persistence, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    if (started.pid !== undefined) started.once('exit', endWithUs(started.pid))
    return await new Promise((resolve, reject) => {
      let output = ''
      const read = (chunk: Buffer): void => {
        output = (output + chunk).slice(-10_000)
        if (ready.test(output)) resolve(true)
      }
      started.stdout.on('data', read)
      started.stderr.on('data', read)
      started.once('error', reject)
      started.once('close', () => {
        if (/Address already in use/i.test(output)) resolve(false)
        else reject(new Error(`redis-server did not start:\n${output}`))
      })
    })
  }

  const launch = async (): Promise<number> => {
    for (let tries = 0; tries < portsToTry; tries++) {
      const port = wanted ?? (await freePort())
      if (await run(port)) return port
      if (wanted !== undefined) break
    }
    throw new Error(`redis-server found no free port${wanted ? `: ${wanted} is taken` : ''}`)
  }
  const port = await launch()

  const open = async (): Promise<Redis> => {
    // One try: a server that is down shows as an error at once, not as a wait, and one that hangs as well.
    const client = new Redis({
      host: '127.0.0.1',
      port,
      lazyConnect: true,
      retryStrategy: null,
      commandTimeout: 20_000,
    })
    // The commands that fail say so themselves; without a listener ioredis prints to the console.
    client.on('error', () => {})
    await client.connect()
    return client
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      if (child?.pid === undefined || !alive()) throw new Error('This Redis is not running')
      return child.pid
    },
    command: async (name, ...rest) => {
      const client = await open()
      try {
        return await client.call(name, ...rest)
      } finally {
        client.disconnect()
      }
    },
    connect: async () => {
      const client = await open()
      clients.add(client)
      return client
    },
    stop: () => end('SIGTERM'),
    start: async () => {
      if (alive()) throw new Error('This Redis is running already')
      if (!(await run(port))) throw new Error(`Port ${port} was taken while Redis was stopped`)
    },
    kill: async (signal) => {
      if (signal === 'SIGKILL') await end(signal)
      else if (!child?.kill(signal)) throw new Error('This Redis is not running')
    },
  }
}
