import type { Test } from 'tap'
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
