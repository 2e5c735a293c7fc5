import type { Test } from 'tap'
import { secrets } from '../support/app.js'
import { type ServerOptions, type ServerProcess, spawnServer } from '../support/process.js'

export interface Example extends ServerProcess {
  readonly url: string
  /** Asks it as a client with this token, or none. */
  ask: (path: string, token?: string, body?: object) => Promise<Answer>
}

export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: an answer may be anything, and each test looks closely
  body: any
}

/** One request, by the client that a program without cookies is. */
export const ask = async (
  base: string,
  path: string,
  token?: string,
  body?: object,
): Promise<Answer> => {
  const response = await fetch(base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'x-token-delivery': 'body',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** What a Gatehouse of a test is told: nothing of a busy machine makes it refuse. */
export const gatehouseEnv = {
  HOST: '127.0.0.1',
  CLIENT_URLS: 'http://localhost:3000',
  PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off',
  ARGON2_MEMORY_KIB: '64',
  ARGON2_TIME_COST: '1',
  ...secrets,
}

const listening = /^Server listening at (.+)$/

/** Runs an example's program as it is, and waits until it listens. */
export const startExample = async (
  t: Pick<Test, 'teardown'>,
  example: string,
  env: ServerOptions['env'] = {},
): Promise<Example> => {
  const entry = new URL('./from-source.ts', import.meta.url)
  const server = spawnServer(t, { entry, env: { EXAMPLE: example, ...env } })
  const { msg } = await server.logged(({ msg }) => listening.test(String(msg)))
  const url = listening.exec(String(msg))?.[1] ?? ''
  return Object.assign(server, {
    url,
    ask: (path: string, token?: string, body?: object) => ask(url, path, token, body),
  })
}
