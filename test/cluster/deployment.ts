import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { clientOrigin, password, secrets } from '../support/app.js'
import { type ListeningServer, spawnServer } from '../support/process.js'

export const environment = {
  CLIENT_URLS: clientOrigin,
  ...secrets,
  ARGON2_MEMORY_KIB: '64',
  ARGON2_TIME_COST: '1',
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  RATE_LIMIT_USER_MAX: '1000000',
  PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off',
  ANOMALY_MODE: 'off',
  CLUSTER_WORKERS: '2',
}

/** Asks again and again, for at most two minutes: workers start slowly where the machine is busy. */
export const patiently = async (question: () => Promise<boolean>): Promise<void> => {
  for (const late = AbortSignal.timeout(120_000); !(await question()); late.throwIfAborted()) {
    await setTimeout(20)
  }
}

/** The processes that a primary has forked and that live. */
export const workersOf = (pid: number): number[] => {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return children.trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export interface Answer {
  status: number
  body: string
  json: () => Record<string, unknown> & { data: Record<string, Record<string, unknown>> }
}

/** One request; on a connection of its own unless an agent says otherwise. */
export const ask = (
  url: string,
  {
    agent,
    token,
    body,
  }: { agent?: Agent | undefined; token?: string; body?: object | undefined } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        agent: agent ?? false,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'x-token-delivery': 'body',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.once('error', reject)
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text, json: () => JSON.parse(text) }),
        )
      },
    )
    sent.once('error', reject)
    sent.end(body && JSON.stringify(body))
  })

/** Signs somebody up; answers the access token. */
export const signUp = async (url: string, name: string): Promise<string> => {
  const answer = await ask(`${url}/api/auth/register`, {
    body: { email: `${name}@example.com`, password, name },
  })
  return String(answer.json().data.accessToken)
}

/** As many requests of a load as are under way at once. */
export const people = 4

export interface Load {
  /** What was answered so far, and how: statuses, and errors by their codes. */
  readonly outcomes: ReadonlyMap<number | string, number>
  /** Resolves when so many more were answered. */
  more: (count: number) => Promise<void>
  stop: () => Promise<void>
}

/** People who ask for their profile again and again, each on a connection that is kept; see `people`. */
export const createLoad = (t: Pick<Test, 'teardown'>, url: string, token: string): Load => {
  const outcomes = new Map<number | string, number>()
  let total = 0
  let isOver = false
  const run = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!isOver) {
      const outcome = await ask(`${url}/api/profile`, { agent, token }).then(
        ({ status }) => status,
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      total += 1
      // The workers that are to start need the machine as well.
      await setTimeout(10)
    }
    agent.destroy()
  }
  const running = Promise.all(Array.from({ length: people }, run))
  const stop = async () => {
    isOver = true
    await running
  }
  t.teardown(stop)
  return {
    outcomes,
    more: (count) => {
      const wanted = total + count
      return patiently(async () => total >= wanted)
    },
    stop,
  }
}

/** A cluster whose workers all serve. */
export const startCluster = async (
  t: Pick<Test, 'teardown'>,
  redisUrl: string,
  variables: Record<string, string> = {},
): Promise<ListeningServer> => {
  const server = spawnServer(t, { env: { ...environment, REDIS_URL: redisUrl, ...variables } })
  const { url } = await server.logged('listening')
  return Object.assign(server, { url: String(url) })
}

/** How many workers serve, as one of them tells. */
export const readyWorkers = async (url: string): Promise<number> => {
  const answer = await ask(`${url}/health/detailed`)
  return Number(answer.json().data.workers?.ready)
}
