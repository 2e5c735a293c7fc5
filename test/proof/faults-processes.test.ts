import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { refused } from '../support/answers.js'
import { build, clientOrigin, password, person, secrets } from '../support/app.js'
import { readJws } from '../support/jws.js'
import { ownTime } from '../support/own-time.js'
import { type ListeningServer, startServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'
import { type Answer, areReady, createCrowd, type Door, until } from './crowd.js'

/*
 * The server as it is run: processes of their own, on one Redis, that are killed, and Redis with them.
 * Whatever was acknowledged is there afterwards, and whoever was signed in still is.
 */

const environment = {
  CLIENT_URLS: clientOrigin,
  ...secrets,
  ARGON2_MEMORY_KIB: '64',
  ARGON2_TIME_COST: '1',
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  AUTH_RATE_LIMIT_MAX: '1000000',
  ANOMALY_MODE: 'off',
}

/** As long as any answer may take with the store away, in milliseconds. */
const patience = 2_000

/** One of the `cookies` that a test app's answers have. */
const readCookie = (line: string): Answer['cookies'][number] => {
  const [pair = '', ...attributes] = line.split('; ')
  const [name = '', value = ''] = pair.split('=')
  const read = (attribute: string) =>
    attributes.find((one) => one.startsWith(`${attribute}=`))?.slice(attribute.length + 1)
  return { name, value, path: read('Path') ?? '/', maxAge: Number(read('Max-Age')) }
}

const send = async (
  { url: base }: ListeningServer,
  { url, method = 'GET', headers, payload }: InjectOptions,
): Promise<Answer> => {
  const response = await fetch(`${base}${url}`, {
    method,
    headers: {
      ...(headers as Record<string, string>),
      ...(payload !== undefined && { 'content-type': 'application/json' }),
    },
    ...(payload !== undefined && {
      body: typeof payload === 'string' ? payload : JSON.stringify(payload),
    }),
  })
  const body = await response.text()
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    cookies: response.headers.getSetCookie().map(readCookie),
    body,
    json: () => JSON.parse(body),
  }
}

/** What a balancer answers for an instance that is gone. */
const badGateway: Answer = {
  statusCode: 503,
  headers: { 'retry-after': '1' },
  cookies: [],
  body: '{}',
  json: () => JSON.parse('{}'),
}

/** The way to a server behind a balancer: when the server is gone, it leads to another. */
const doorTo = (server: ListeningServer, other: ListeningServer): Door => {
  let present = server
  return {
    inject: (options) =>
      send(present, options).catch(() => {
        present = other
        return badGateway
      }),
  }
}

const redis = await startRedis(t, { durable: true })
const env = { ...environment, REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'proof:' }
const [a, b] = await Promise.all([startServer(t, { env }), startServer(t, { env })])
const doors = [doorTo(a, b), doorTo(b, a)]
await areReady(doors)
const crowd = createCrowd(doors)

const cookie = (answer: Answer, name: string) =>
  answer.cookies.find((one) => one.name === `${name}_token`)?.value ?? ''
const post = (server: ListeningServer, url: string, payload: object, headers = {}) =>
  send(server, { method: 'POST', url: `/api/auth/${url}`, payload, headers })
const ask = (server: ListeningServer, access: string) =>
  send(server, { url: '/api/auth/session', headers: { authorization: `Bearer ${access}` } })
const arrive = async (name: string) => {
  const answer = await post(a, 'register', person(name))
  return { access: cookie(answer, 'access'), refresh: cookie(answer, 'refresh') }
}

t.test('fifty refresh at once with one token, at two processes', async (t) => {
  const ada = await arrive('ada')
  const headers = { cookie: `refresh_token=${ada.refresh}` }
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => post(i % 2 ? a : b, 'refresh', {}, headers)),
  )
  t.strictSame([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  const [successor = '', ...others] = new Set(answers.map((answer) => cookie(answer, 'refresh')))
  t.strictSame(others, [], 'one successor, byte for byte')
  t.match(readJws(successor).claims.jti, /\.2$/)
  const listed = await send(b, {
    url: '/api/auth/sessions',
    headers: { authorization: `Bearer ${ada.access}` },
  })
  t.equal(listed.json().data.sessions.length, 1)
  const next = await post(b, 'refresh', {}, { cookie: `refresh_token=${successor}` })
  t.equal(next.statusCode, 200)
})

t.test('Redis is stopped while people are at work', async (t) => {
  // Nobody has asked for anything with these, so that no instance knows them.
  const strangers = [await arrive('bob'), await arrive('eve')]

  /** Asks for everything at once. */
  const allRefused = async (t: Test, server: ListeningServer, { access, refresh }: Tokens) => {
    const headers = { cookie: `access_token=${access}; refresh_token=${refresh}` }
    const credentials = { email: person('ada').email, password }
    const change = { currentPassword: password, newPassword: `${password}-new` }
    const requests: InjectOptions[] = [
      { method: 'POST', url: '/api/auth/register', payload: person('new') },
      { method: 'POST', url: '/api/auth/login', payload: credentials },
      { method: 'POST', url: '/api/auth/refresh' },
      { method: 'POST', url: '/api/auth/logout' },
      { method: 'POST', url: '/api/auth/logout-all' },
      { method: 'POST', url: '/api/auth/password/change', payload: change },
      { method: 'DELETE', url: '/api/auth/sessions/some' },
      { url: '/api/auth/sessions' },
      { url: '/api/auth/session' },
      { url: '/api/profile' },
      { url: '/health/ready' },
    ]
    await Promise.all(
      requests.map(async (request) => {
        const began = ownTime()
        const answer = await send(server, { headers, ...request })
        t.ok(ownTime() - began < patience, `${request.url} answers in time`)
        t.equal(answer.statusCode, 503, `${request.url}: ${answer.body}`)
        t.match(answer.json(), { code: 'STORE_UNAVAILABLE' })
        t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
        t.notOk('set-cookie' in answer.headers, 'no cookie is touched')
      }),
    )
    t.equal((await send(server, { url: '/health/live' })).statusCode, 200)
  }

  await crowd.endure(t, ['logout', 'logoutAll', 'change'], async () => {
    await redis.stop()
    await crowd.suffer()
    for (const [index, server] of [a, b].entries()) {
      const stranger = strangers[index]
      if (stranger !== undefined) await allRefused(t, server, stranger)
    }
    await redis.start()
  })
  for (const { refresh } of strangers) {
    const headers = { cookie: `refresh_token=${refresh}` }
    t.equal((await post(a, 'refresh', {}, headers)).statusCode, 200, 'without a restart')
  }
})
type Tokens = Awaited<ReturnType<typeof arrive>>

t.test('an instance is killed while people are at work', async (t) => {
  const { access, refresh } = await arrive('kim')
  t.equal((await ask(b, access)).statusCode, 200)
  await crowd.endure(t, [], async () => {
    const answer = await post(a, 'logout', {}, { cookie: `refresh_token=${refresh}` })
    const suffering = crowd.suffer()
    a.kill('SIGKILL')
    t.equal(answer.statusCode, 200)
    await suffering
    await until(async () => (await ask(b, access)).statusCode === 401)
  })
  refused(t, await ask(b, access), 401, 'INVALID_TOKEN')
})

/** Signs many people up at once, and kills everything as soon as some have been told that they are. */
const killAfterSome = async (server: ListeningServer, kill: () => unknown) => {
  const acknowledged: { email: string; refresh: string }[] = []
  const names = Array.from({ length: 30 }, (_, i) => `late${i}`)
  await Promise.allSettled(
    names.map(async (name) => {
      const answer = await post(server, 'register', person(name))
      if (answer.statusCode !== 201) return
      const { email } = person(name)
      acknowledged.push({ email, refresh: cookie(answer, 'refresh') })
      if (acknowledged.length === 3) kill()
    }),
  )
  await server.exited
  return acknowledged
}

/** Another instance finds them all, and their sessions. */
const allThere = async (
  t: Test,
  acknowledged: { email: string; refresh: string }[],
  variables: Record<string, string>,
) => {
  const { client } = await build(t, variables)
  t.ok(acknowledged.length >= 3)
  for (const { email, refresh } of acknowledged) {
    const headers = { cookie: `refresh_token=${refresh}` }
    const answers = [
      await client().post('/api/auth/login', { email, password }),
      await client().post('/api/auth/refresh', undefined, headers),
    ]
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [200, 200],
    )
  }
}

t.test('whoever was told 201 has an account and a session,', async (t) => {
  t.test('though the server and Redis are killed right after it', async (t) => {
    const acknowledged = await killAfterSome(b, () => {
      b.kill('SIGKILL')
      process.kill(redis.pid, 'SIGKILL')
    })
    await redis.kill('SIGKILL')
    await redis.start()
    await allThere(t, acknowledged, { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'proof:' })
  })

  t.test('though the server with its own store is killed right after it', async (t) => {
    const store = join(t.testdir(), 'store')
    const server = await startServer(t, { env: { ...environment, EMBEDDED_STORE_PATH: store } })
    const acknowledged = await killAfterSome(server, () => server.kill('SIGKILL'))
    await allThere(t, acknowledged, { EMBEDDED_STORE_PATH: store })
  })
})
