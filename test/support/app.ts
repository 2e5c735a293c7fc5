import { subscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { symbols } from 'pino'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { type Environment, loadConfig } from '../../src/config/load.js'
import type { Config } from '../../src/config/schema.js'
import { randomId } from '../../src/ids.js'
import { type Client, createClient, type Headers } from './client.js'
import { readJws } from './jws.js'

/** A line that the app logged. */
export type LogLine = Record<string, unknown>

/** A client that is signed in. */
export interface Device extends Client {
  userId: string
  sessionId: string
}

export interface Built {
  app: FastifyInstance
  config: Config
  /** What it has logged so far. */
  log: LogLine[]
  /** Its routes, as 'GET /api/profile'. */
  routes: ReadonlySet<string>
  /** A client that nobody is signed in on. */
  client: (always?: Headers) => Client
  /** Signs somebody up; the client is signed in after it. */
  signedUp: (name: string) => Promise<Device>
  /** Signs somebody in who has signed up, on one more device. */
  signedIn: (name: string) => Promise<Device>
}

/** What somebody of this name signs up with. */
export const person = (name: string) => ({ email: `${name}@example.com`, password, name })
export const password = 'Glass-Onion-31'

/** Secrets of no worth, that the configuration takes. */
export const secrets = {
  JWT_SECRET: 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6',
  JWT_REFRESH_SECRET: 'Qm1Wn2Eb3Rv4Tc5Yx6Uz7Il8Ok9Pj0Ah',
}

export const clientOrigin = 'http://localhost:3000'

/** What refuses past a number is out of the way of tests of other things, on a busy machine too. */
const unlimited = {
  PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off',
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  AUTH_RATE_LIMIT_MAX: '1000000',
  PASSWORD_RESET_RATE_LIMIT_MAX: '1000000',
  LOCKOUT_TIERS: '1000000:1s',
  ACCOUNT_FAILURE_MAX: '1000000',
  ANOMALY_MODE: 'off',
}

const cheapHashes = { ARGON2_MEMORY_KIB: '64', ARGON2_TIME_COST: '1' }

/** What is seen of every app from its beginning on. */
interface Seen {
  log: LogLine[]
  routes: Set<string>
}
const seen = new WeakMap<FastifyInstance, Seen>()
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance }
  const log: LogLine[] = []
  const routes = new Set<string>()
  // The standard output, where it would log to, is the test runner's.
  const write = (line: string) => log.push(JSON.parse(line))
  Object.assign(fastify.log, { [symbols.streamSym]: { write } })
  fastify.addHook('onRoute', ({ method, url }) => {
    const path = url.replace(/(.)\/$/, '$1')
    for (const one of [method].flat()) routes.add(`${one} ${path}`)
  })
  seen.set(fastify, { log, routes })
})

/** Asks again and again until the answer is yes; for at most 30 s, since the machine may be busy. */
export const eventually = async (ask: () => Promise<boolean>): Promise<void> => {
  for (const late = AbortSignal.timeout(30_000); !(await ask()); late.throwIfAborted()) {
    await setTimeout(5)
  }
}

/** The configuration of a test: all it keeps is in the folder, or in Redis below a prefix of its own. */
export const testConfig = (folder: string, variables: Environment = {}): Config =>
  loadConfig(
    {
      NODE_ENV: 'test',
      CLIENT_URLS: clientOrigin,
      EMBEDDED_STORE_PATH: join(folder, 'store'),
      REDIS_KEY_PREFIX: `${randomId()}:`,
      ...secrets,
      ...cheapHashes,
      ...unlimited,
      ...variables,
    },
    { folder },
  )

/**
 * The real app in the test profile, with a store of its own: the embedded one in a new folder or, where
 * `variables` has a `REDIS_URL`, that Redis below a new prefix. Closed when the test ends. It is not
 * started yet, so that a test may add routes.
 */
export const build = async (
  t: Pick<Test, 'teardown'>,
  variables: Environment = {},
  { awaitStore = true } = {},
): Promise<Built> => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-app-'))
  const config = testConfig(folder, variables)
  const app = await buildApp(config)
  t.teardown(async () => {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const storeAnswers = () =>
    app.stores.ping().then(
      () => true,
      () => false,
    )
  if (awaitStore) await eventually(storeAnswers)

  const client = (always?: Headers) => createClient(app, always)
  const enter = async (url: string, body: object): Promise<Device> => {
    const device = client()
    const response = await device.post(url, body)
    if (response.statusCode >= 300) throw new Error(`${url} answered ${response.body}`)
    const access = Object.entries(device.cookies('/')).find(([name]) =>
      name.endsWith('access_token'),
    )
    const { sub, sid } = readJws(access?.[1]).claims
    return Object.assign(device, { userId: String(sub), sessionId: String(sid) })
  }

  const { log, routes } = seen.get(app) ?? { log: [], routes: new Set() }
  return {
    app,
    config,
    log,
    routes,
    client,
    signedUp: (name) => enter('/api/auth/register', person(name)),
    signedIn: (name) => {
      const { email } = person(name)
      return enter('/api/auth/login', { email, password })
    },
  }
}
