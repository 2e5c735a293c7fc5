/**
 * How long what was revoked or changed is still believed elsewhere: two instances, each a process of its own,
 * on a private Redis. One ends a session or changes an account; the other, which has the token in its cache,
 * is asked about it without pause. Measured is the time from the one's answer to the other's first answer
 * that knows of it, as a client sees both. At the end, what requests with a known token cost Redis.
 *
 * Usage: node bench/revocation.js [how many of each kind, 1000]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { findRedisServer } from '../test/support/programs.js'

const count = Number(process.argv[2] ?? 1_000)
/** No kind takes longer than this, in milliseconds, whatever the count. */
const budget = 60_000
/** What a revocation may take at p99, in milliseconds; the run fails otherwise. */
const promised = 100

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
/** @type {import('node:child_process').ChildProcess[]} */
const children = []
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** Starts a program and waits for a line of its output. */
const start = async (program, args, env, ready) => {
  const stdio = ['ignore', 'pipe', 'inherit']
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env }, stdio })
  children.push(child)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${program} ended with ${code} before it was ready`)
  })
  const lines = createInterface({ input: child.stdout })
  const line = await Promise.race([
    ended,
    new Promise((resolve) => {
      lines.on('line', (text) => ready.test(text) && resolve(text))
    }),
  ])
  ended.catch(() => {})
  return String(line)
}

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}

const startRedis = async () => {
  const program = findRedisServer()
  if (program === undefined) throw new Error('No redis-server: run node test/support/prepare.js')
  const port = await freePort()
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder]
  await start(program, settings, {}, /Ready to accept connections/)
  return `redis://127.0.0.1:${port}`
}

const main = fileURLToPath(new URL('../dist/src/main.js', import.meta.url))

const admin = { email: 'root@example.com', password: 'Copper-Kettle-58' }

const startInstance = async (redisUrl) => {
  const env = {
    NODE_ENV: 'test',
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    REDIS_URL: redisUrl,
    CLIENT_URLS: 'http://localhost:3000',
    JWT_SECRET: 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6',
    JWT_REFRESH_SECRET: 'Qm1Wn2Eb3Rv4Tc5Yx6Uz7Il8Ok9Pj0Ah',
    // Hashing is not what is measured, and the limits are for others.
    ARGON2_MEMORY_KIB: '64',
    ARGON2_TIME_COST: '1',
    RATE_LIMIT_MAX_REQUESTS: '100000000',
    AUTH_RATE_LIMIT_MAX: '1000000',
    PASSWORD_RESET_RATE_LIMIT_MAX: '1000000',
    ANOMALY_MODE: 'off',
    // Whoever administers signs in once for the whole run.
    JWT_EXPIRES_IN: '2h',
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
  }
  const line = await start(process.execPath, [main], env, /"listening"/)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return { url: JSON.parse(line).url, agent }
}

/** One request on the instance's one connection; answers with the time at which the answer was there. */
const send = ({ url, agent }, method, path, { token, body } = {}) =>
  new Promise((resolve, reject) => {
    const payload = body && JSON.stringify(body)
    const headers = {
      'X-Token-Delivery': 'body',
      ...(token && { Authorization: `Bearer ${token}` }),
      // Node does not say so by itself where a DELETE has a body.
      ...(payload && { 'Content-Length': Buffer.byteLength(payload) }),
      ...(payload && { 'Content-Type': 'application/json' }),
    }
    const sent = request(`${url}/api${path}`, { agent, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => {
        const at = performance.now()
        resolve({ status: response.statusCode, data: JSON.parse(text).data, at, text })
      })
    })
    sent.on('error', reject)
    sent.end(payload)
  })

const expect = (answer, status) => {
  if (answer.status !== status)
    throw new Error(`${answer.status} in place of ${status}: ${answer.text}`)
  return answer
}

const redisUrl = await startRedis()
const [here, there] = await Promise.all([startInstance(redisUrl), startInstance(redisUrl)])
const passwords = ['Glass-Onion-31', 'Velvet-Hammer-77']

/** Asks until the answer is a success: an instance that has just started may not have its store yet. */
const untilGood = async (ask) => {
  for (;;) {
    const answer = await ask()
    if (answer.status === 200) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const signIn = async ({ email, password }) =>
  expect(await send(here, 'POST', '/auth/login', { body: { email, password } }), 200).data

// The admin is made once the store is there.
const { data: root } = await untilGood(() => send(here, 'POST', '/auth/login', { body: admin }))
await untilGood(() => send(there, 'GET', '/auth/session', { token: root.accessToken }))
const administer = async (method, { userId }, path = '', body) =>
  expect(
    await send(here, method, `/admin/users/${userId}${path}`, { token: root.accessToken, body }),
    200,
  )

let names = 0
const signUp = async ({ email, password }) => {
  const body = { email, password, name: 'Ada' }
  const { data } = expect(await send(here, 'POST', '/auth/register', { body }), 201)
  return { email, password, userId: data.user.userId }
}

const outbox = join(folder, '.data', 'outbox')
const read = new Set()

/** The token of a link that is mailed to somebody. */
const mailed = async (link, email) => {
  for (;;) {
    const files = existsSync(outbox) ? readdirSync(outbox).filter((name) => !read.has(name)) : []
    for (const name of files.filter((name) => name.endsWith('.eml'))) {
      read.add(name)
      const text = readFileSync(join(outbox, name), 'utf8')
      const plain = text.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=')
      const [, token] = new RegExp(`${link}[?]token=([\\w.~-]+)`).exec(plain) ?? []
      if (token !== undefined && text.includes(email)) return token
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const refused = ({ status }) => status === 401

/**
 * Each ends a session or changes an account at the one instance, and answers when it was told so; `knows` is
 * whether an answer of the other knows of it.
 */
const kinds = {
  logout: {
    act: async ({ refreshToken }) =>
      expect(await send(here, 'POST', '/auth/logout', { body: { refreshToken } }), 200),
  },
  'session delete': {
    act: async ({ accessToken: token, sid }) =>
      expect(await send(here, 'DELETE', `/auth/sessions/${sid}`, { token }), 200),
  },
  'logout-all': {
    act: async ({ accessToken: token }) =>
      expect(await send(here, 'POST', '/auth/logout-all', { token }), 200),
  },
  'password change': {
    act: async ({ accessToken: token, person }) => {
      const [currentPassword, newPassword] = passwords
      const body = { currentPassword, newPassword }
      passwords.reverse()
      person.password = newPassword
      return expect(await send(here, 'POST', '/auth/password/change', { token, body }), 200)
    },
  },
  'token reuse': {
    act: async ({ refreshToken }) => {
      const refresh = (token) =>
        send(here, 'POST', '/auth/refresh', { body: { refreshToken: token } })
      const second = expect(await refresh(refreshToken), 200).data.refreshToken
      expect(await refresh(second), 200)
      return expect(await refresh(refreshToken), 403)
    },
  },
  'role change': {
    act: ({ person }) => {
      person.role = person.role === 'admin' ? 'user' : 'admin'
      return administer('PATCH', person, '', { role: person.role })
    },
    knows: ({ status, data }, person) => status === 200 && data.user.role === person.role,
  },
  rename: {
    act: async ({ accessToken: token, person }) => {
      person.name = `Ada ${++names}`
      const body = { name: person.name }
      return expect(await send(here, 'PATCH', '/profile', { token, body }), 200)
    },
    knows: ({ status, data }, person) => status === 200 && data.user.name === person.name,
  },
  'email change': {
    before: async ({ accessToken: token, person }) => {
      person.newEmail = `new-${person.email}`
      const body = { newEmail: person.newEmail, password: person.password }
      expect(await send(here, 'POST', '/auth/email/change', { token, body }), 202)
      person.token = await mailed('/confirm-email', person.newEmail)
    },
    act: async ({ person: { token } }) =>
      expect(await send(here, 'POST', '/auth/email/confirm', { body: { token } }), 200),
    knows: ({ status, data }, person) => status === 200 && data.user.email === person.newEmail,
    // One person may ask for a few only.
    after: async (person) => {
      const email = `ada${++names}@example.com`
      Object.assign(person, await signUp({ email, password: person.password }))
    },
  },
  'password reset': {
    before: async ({ person: { email }, person }) => {
      expect(await send(here, 'POST', '/auth/password/forgot', { body: { email } }), 202)
      person.token = await mailed('/reset-password', email)
    },
    act: async ({ person: { token }, person }) => {
      passwords.reverse()
      const [newPassword] = passwords
      person.password = newPassword
      const body = { token, newPassword }
      return expect(await send(here, 'POST', '/auth/password/reset', { body }), 200)
    },
  },
  deactivation: {
    act: ({ person }) => administer('PATCH', person, '', { isActive: false }),
    after: (person) => administer('PATCH', person, '', { isActive: true }),
  },
  'end by admin': { act: ({ person }) => administer('DELETE', person, '/sessions') },
  'delete by admin': {
    act: ({ person }) => administer('DELETE', person),
    after: async (person) => Object.assign(person, await signUp(person)),
  },
  'delete by owner': {
    act: async ({ accessToken: token, person: { password } }) =>
      expect(await send(here, 'DELETE', '/profile', { token, body: { password } }), 200),
    after: async (person) => Object.assign(person, await signUp(person)),
  },
}

const sidOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sid

/** Milliseconds from the answer at the one instance to the first one at the other that knows of it. */
const measure = async (kind, person) => {
  const { before = async () => {}, act, knows = refused, after = async () => {} } = kind
  const tokens = await signIn(person)
  const data = { ...tokens, sid: sidOf(tokens.accessToken), person }
  await before(data)
  const ask = () => send(there, 'GET', '/auth/session', { token: data.accessToken })
  expect(await ask(), 200)

  let answered = Number.POSITIVE_INFINITY
  const acting = act(data).then(({ at }) => {
    answered = at
  })
  let answer = await ask()
  while (!knows(answer, person)) {
    expect(answer, 200)
    answer = await ask()
  }
  await acting
  const late = answer.at - answered
  await after(person)
  // What is known before the answer has arrived is known at once.
  return Math.max(0, late)
}

const row = (...cells) =>
  console.log(cells.map((cell, i) => (i ? `${cell}`.padStart(9) : cell.padEnd(16))).join(''))
row('ms', 'n', 'p50', 'p95', 'p99', 'max')
let isLate = false
for (const [kind, how] of Object.entries(kinds)) {
  const email = `${kind.replaceAll(' ', '-')}@example.com`
  const person = await signUp({ email, password: passwords[0] })
  const times = []
  const began = performance.now()
  while (times.length < count && performance.now() - began < budget) {
    times.push(await measure(how, person))
  }
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.ceil(share * times.length) - 1]
  row(kind, times.length, ...[0.5, 0.95, 0.99, 1].map((share) => at(share).toFixed(2)))
  isLate ||= at(0.99) >= promised
}

/** How often Redis has run each command. */
const commandsRun = async (redis) => {
  const stats = await redis.info('commandstats')
  return new Map(
    [...stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)].map(([, name, n]) => [name, Number(n)]),
  )
}

const cachedRequests = 10_000
const redis = new Redis(redisUrl)
const token = root.accessToken
const known = (path) => send(there, 'GET', path, { token })
expect(await known('/auth/session'), 200)
expect(await known('/profile'), 200)
const before = await commandsRun(redis)
const began = performance.now()
for (let i = 0; i < cachedRequests; i += 2) {
  expect(await known('/auth/session'), 200)
  expect(await known('/profile'), 200)
}
const seconds = (performance.now() - began) / 1000
const after = await commandsRun(redis)
console.log(`\ncommands of Redis in ${cachedRequests} cached requests, ${seconds.toFixed(1)} s`)
for (const [name, calls] of after) {
  const more = calls - (before.get(name) ?? 0)
  if (more > 0 && name !== 'info') row(name, more, (more / cachedRequests).toFixed(4), '/ request')
}
process.exit(isLate ? 1 : 0)
