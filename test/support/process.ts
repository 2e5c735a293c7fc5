import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { endWithUs } from './end-with-us.js'

export interface ServerOptions {
  /** Added to a bare environment: nothing of the developer's own reaches the server. */
  env?: Record<string, string>
  /** Where it runs, and so where `.data` appears; a folder of its own unless given. */
  cwd?: string
  /** Another program than the server itself. */
  entry?: URL
}

/** A line that the server logged. */
export type LogLine = Record<string, unknown>

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A server in a process of its own; ended with the test. */
export interface ServerProcess {
  readonly pid: number
  readonly cwd: string
  /** Its standard output so far, a line each, and those of them that are JSON. */
  readonly stdout: readonly string[]
  readonly log: readonly LogLine[]
  /** Its standard error so far. */
  readonly stderr: string
  /** Resolves when it has ended and all its output was read. */
  readonly exited: Promise<Exit>
  /** The first line logged, before or after now, with this `msg` or that passes the test. */
  logged: (wanted: string | ((line: LogLine) => boolean)) => Promise<LogLine>
  kill: (signal: NodeJS.Signals) => void
}

export interface ListeningServer extends ServerProcess {
  readonly url: string
}

/** How long a server may take to listen, with its TypeScript still to be compiled on a busy machine. */
const startLimit = 60_000

/** How long a server may take to end when the test does, before it is killed. */
const patience = 5_000

/**
 * The flags that make Node run TypeScript and count coverage, as tap gave them to this process; tap
 * itself hands on what tells where the counts go. Module mocks are not for another process, and cost
 * it half a second.
 */
export const nodeFlags = process.execArgv.filter((flag) => !flag.includes('@tapjs/mock'))

const inherited = ['PATH', 'HOME', 'TMPDIR', 'TS_NODE_PROJECT', 'TS_NODE_TRANSPILE_ONLY']
/** An environment with nothing of the developer's own. */
export const bareEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    inherited.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

/**
 * Runs the server from its source and does not wait: for starts that fail, or that wait for a store.
 * Coverage is counted when it ends by itself, so not after SIGKILL.
 */
export const spawnServer = (
  t: Pick<Test, 'teardown'>,
  options: ServerOptions = {},
): ServerProcess => {
  const { env = {}, entry = new URL('../../src/main.ts', import.meta.url) } = options
  const cwd = options.cwd ?? mkdtempSync(join(tmpdir(), 'gatehouse-server-'))
  const child = spawn(process.execPath, [...nodeFlags, fileURLToPath(entry)], {
    cwd,
    env: { ...bareEnvironment(), NODE_ENV: 'test', PORT: '0', LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (child.pid !== undefined) child.once('exit', endWithUs(child.pid))

  const stdout: string[] = []
  const log: LogLine[] = []
  let stderr = ''
  const waiting = new Set<{ seen: (line: LogLine) => void; gone: (exit: Exit) => void }>()

  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  createInterface({ input: child.stdout }).on('line', (text) => {
    stdout.push(text)
    const line = parse(text)
    if (!line) return
    log.push(line)
    for (const { seen } of waiting) seen(line)
  })

  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal })
      for (const { gone } of waiting) gone({ code, signal })
    })
  })

  t.teardown(async () => {
    // First in an orderly way, so that its coverage counts; and awake, if a test made it hang.
    child.kill('SIGTERM')
    child.kill('SIGCONT')
    const impatient = setTimeout(() => child.kill('SIGKILL'), patience)
    await exited
    clearTimeout(impatient)
    if (!options.cwd) rmSync(cwd, { recursive: true, force: true })
  })

  return {
    pid: child.pid ?? 0,
    cwd,
    stdout,
    log,
    get stderr() {
      return stderr
    },
    exited,
    logged: (wanted) => {
      const passes = typeof wanted === 'string' ? (line: LogLine) => line.msg === wanted : wanted
      const earlier = log.find(passes)
      if (earlier) return Promise.resolve(earlier)
      return new Promise((resolve, reject) => {
        const waiter = {
          seen: (line: LogLine): void => {
            if (!passes(line)) return
            waiting.delete(waiter)
            resolve(line)
          },
          gone: ({ code, signal }: Exit): void => {
            const output = [...stdout, stderr].join('\n')
            reject(
              new Error(`The server ended (${code ?? signal}) before it logged that:\n${output}`),
            )
          },
        }
        waiting.add(waiter)
        if (child.exitCode !== null || child.signalCode !== null) void exited.then(waiter.gone)
      })
    },
    kill: (signal) => {
      child.kill(signal)
    },
  }
}

/** Runs the server from its source and waits until it says where it listens. */
export const startServer = async (
  t: Pick<Test, 'teardown'>,
  options: ServerOptions = {},
): Promise<ListeningServer> => {
  const server = spawnServer(t, options)
  let impatient: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    impatient = setTimeout(() => {
      const output = [...server.stdout, server.stderr].join('\n')
      reject(new Error(`The server did not say that it listens:\n${output}`))
    }, startLimit)
  })
  try {
    const { url } = await Promise.race([server.logged('listening'), late])
    return Object.assign(server, { url: String(url) })
  } finally {
    clearTimeout(impatient)
  }
}

const parse = (text: string): LogLine | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as LogLine) : undefined
  } catch {
    return undefined
  }
}
