import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { clientOrigin, eventually, person, secrets } from '../support/app.js'
import { type Balancer, startBalancer } from '../support/balancer.js'
import { freePort } from '../support/free-port.js'
import { type ListeningServer, startServer } from '../support/process.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { isReady } from '../topologies/apps.js'

/* The balancer of docker-compose.yml, with its very configuration, in front of two real instances. */

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: { success?: boolean; code?: string }
}

interface Ask {
  method?: string
  headers?: Record<string, string>
  payload?: object
  /** The address to come from: all of 127.0.0.0/8 is this machine. */
  from?: string
}

/** One connection that is kept and used again, as a browser's. */
const connection = (t: Test, { port }: Balancer) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  return (path: string, { method = 'GET', headers = {}, payload, from }: Ask = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request(
        {
          agent,
          port,
          host: '127.0.0.1',
          path,
          method,
          ...(from !== undefined && { localAddress: from }),
          headers: { ...headers, ...(payload && { 'content-type': 'application/json' }) },
        },
        (answer) => {
          let body = ''
          answer.setEncoding('utf8').on('data', (chunk) => {
            body += chunk
          })
          answer.once('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: JSON.parse(body),
            }),
          )
        },
      )
      sent.once('error', reject)
      sent.end(payload && JSON.stringify(payload))
    })
}

const environment = (redis: RedisServer, port: number): Record<string, string> => ({
  ...secrets,
  REDIS_URL: redis.url,
  CLIENT_URLS: clientOrigin,
  HOST: '127.0.0.1',
  PORT: String(port),
  // The balancer's own address, and no other of the machine's.
  TRUST_PROXY: '127.0.0.1/32',
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  ANOMALY_MODE: 'off',
  PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off',
  ARGON2_MEMORY_KIB: '64',
  ARGON2_TIME_COST: '1',
})

const redis = await startRedis(t, { durable: true })
const ports = [await freePort(), await freePort()] as const
/** It outlives the test that replaces it by another. */
const start = async (port: number): Promise<ListeningServer> => {
  const server = await startServer(t, { env: environment(redis, port) })
  await isReady(server)
  return server
}
const servers = await Promise.all(ports.map(start))
const balancer = await startBalancer(t, ports)

const cookiesOf = ({ headers }: Answer): string =>
  [headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';')[0])
    .join('; ')

/** Somebody signed in, on a connection of their own. */
const arrive = async (t: Test, name: string) => {
  const ask = connection(t, balancer)
  const answer = await ask('/api/auth/register', { method: 'POST', payload: person(name) })
  t.equal(answer.status, 201)
  let cookie = cookiesOf(answer)
  return {
    look: () => ask('/api/auth/session', { headers: { cookie } }),
    refresh: async () => {
      const refreshed = await ask('/api/auth/refresh', { method: 'POST', headers: { cookie } })
      if (refreshed.status === 200) cookie = cookiesOf(refreshed)
      return refreshed
    },
  }
}

/** People who go on until told to stop; answers what they were answered, and how often. */
const startCrowd = async (t: Test, count: number) => {
  let isOver = false
  const statuses: Record<string, number> = {}
  const note = ({ status }: { status: number }) => {
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  const people = await Promise.all(
    Array.from({ length: count }, (_, i) => arrive(t, `crowd${++requests}x${i}`)),
  )
  const running = people.map(async ({ look, refresh }) => {
    for (let round = 1; !isOver; round++) {
      note(await (round % 4 === 0 ? refresh : look)().catch(() => ({ status: 0 })))
      await wait(pace)
    }
  })
  return {
    /** Resolves when as many more requests were answered. */
    progress: async (more: number) => {
      const answered = () => Object.values(statuses).reduce((sum, one) => sum + one, 0)
      const goal = answered() + more
      await eventually(async () => answered() >= goal)
    },
    stop: async () => {
      isOver = true
      await Promise.all(running)
      return statuses
    },
  }
}

let requests = 0
/** As long as somebody pauses between two requests, in milliseconds. */
const pace = 10

/** Which instances have answered some requests of one connection, by their places. */
const servedBy = async (t: Test, count: number): Promise<number[]> => {
  const ask = connection(t, balancer)
  const served: number[] = []
  for (let i = 0; i < count; i++) {
    const id = `round-${++requests}`
    const { status } = await ask('/.well-known/jwks.json', { headers: { 'x-request-id': id } })
    t.equal(status, 200)
    const place = () => servers.findIndex(({ log }) => log.some(({ reqId }) => reqId === id))
    await eventually(async () => place() >= 0)
    served.push(place())
  }
  return served
}

t.test('requests of one connection go to both in turn', async (t) => {
  const served = await servedBy(t, 10)
  t.equal(served.filter((place) => place === 0).length, 5)
})

t.test('limits count the address that a client comes from, not one that it names', async (t) => {
  const guess = (from: string, claim: string, name: string) =>
    connection(t, balancer)('/api/auth/login', {
      method: 'POST',
      from,
      payload: { ...person(name), name: undefined },
      headers: {
        'x-forwarded-for': claim,
        'x-real-ip': claim,
        forwarded: `for=${claim}`,
        'x-forwarded-host': 'evil.example',
      },
    })
  const answers: Answer[] = []
  for (let i = 0; i < 6; i++) answers.push(await guess('127.0.0.9', `10.0.0.${i}`, `nobody${i}`))
  t.strictSame(
    answers.map(({ status }) => status),
    [401, 401, 401, 401, 401, 429],
  )
  t.equal((await guess('127.0.0.10', '127.0.0.9', 'nobody7')).status, 401, 'a neighbour is free')

  const failures = servers.flatMap(({ log }) => log.filter(({ event }) => event === 'login.failed'))
  t.strictSame(new Set(failures.map(({ ip }) => ip)), new Set(['127.0.0.9', '127.0.0.10']))
})

t.test('an instance that is killed is not missed', async (t) => {
  const crowd = await startCrowd(t, 6)
  await crowd.progress(50)
  servers[1]?.kill('SIGKILL')
  await crowd.progress(300)
  servers[1] = await start(ports[1])
  await crowd.progress(300)
  t.strictSame(Object.keys(await crowd.stop()), ['200'])
  await eventually(async () => new Set(await servedBy(t, 2)).size === 2)
})

t.test('an instance is replaced again and again, and nobody notices', async (t) => {
  const crowd = await startCrowd(t, 6)
  for (const place of [0, 1] as const) {
    await crowd.progress(100)
    const old = servers[place]
    old?.kill('SIGTERM')
    t.match(await old?.exited, { code: 0 })
    servers[place] = await start(ports[place])
    // The next one is not stopped before this one is used again.
    await eventually(async () => new Set(await servedBy(t, 2)).size === 2)
  }
  t.strictSame(Object.keys(await crowd.stop()), ['200'])
})

t.test('with the store away the instances say so themselves', async (t) => {
  const { look } = await arrive(t, 'ada')
  await redis.kill('SIGKILL')
  await eventually(async () => (await look()).body.code === 'STORE_UNAVAILABLE')
  const away = await look()
  t.match(away, { status: 503, headers: { 'retry-after': '1' } })
  await redis.start()
  await eventually(async () => (await look()).status === 200)
})

t.test('with no instance the balancer says so, as the others would', async (t) => {
  for (const server of servers) server.kill('SIGKILL')
  await Promise.all(servers.map(({ exited }) => exited))
  const { status, headers, body } = await connection(t, balancer)('/api/auth/session')
  t.equal(status, 503)
  t.match(headers, { 'retry-after': '1', 'cache-control': 'no-store' })
  t.match(body, { success: false, code: 'UNAVAILABLE' })
})

t.test('its log has no query string', async (t) => {
  const ask = connection(t, balancer)
  await ask('/api/auth/session?token=from-a-mail')
  await eventually(async () => balancer.output.includes('"path":"/api/auth/session"'))
  t.notMatch(balancer.output, 'from-a-mail')
})
