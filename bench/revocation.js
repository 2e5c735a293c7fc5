/**
 * How long a revoked token is still accepted elsewhere: two instances, each a process of its own, on a
 * private Redis. One ends a session; the other, which has the token in its cache, is asked about it without
 * pause. Measured is the time from the one's answer to the other's first refusal, as a client sees both.
 *
 * Usage: node bench/revocation.js [how many of each kind, 1000]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
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
    ANOMALY_MODE: 'off',
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
        resolve({ status: response.statusCode, data: JSON.parse(text).data, at })
      })
    })
    sent.on('error', reject)
    sent.end(payload)
  })

const expect = (answer, status) => {
  if (answer.status !== status) throw new Error(`${answer.status} in place of ${status}`)
  return answer
}

const redisUrl = await startRedis()
const [here, there] = await Promise.all([startInstance(redisUrl), startInstance(redisUrl)])
const passwords = ['Glass-Onion-31', 'Velvet-Hammer-77']

/** Each ends a session at the one instance and answers when it was told so. */
const kinds = {
  logout: async ({ refreshToken }) =>
    expect(await send(here, 'POST', '/auth/logout', { body: { refreshToken } }), 200),
  'session delete': async ({ accessToken: token, sid }) =>
    expect(await send(here, 'DELETE', `/auth/sessions/${sid}`, { token }), 200),
  'logout-all': async ({ accessToken: token }) =>
    expect(await send(here, 'POST', '/auth/logout-all', { token }), 200),
  'password change': async ({ accessToken: token, person }) => {
    const [currentPassword, newPassword] = passwords
    const body = { currentPassword, newPassword }
    passwords.reverse()
    person.password = newPassword
    return expect(await send(here, 'POST', '/auth/password/change', { token, body }), 200)
  },
  'token reuse': async ({ refreshToken }) => {
    const refresh = (token) =>
      send(here, 'POST', '/auth/refresh', { body: { refreshToken: token } })
    const second = expect(await refresh(refreshToken), 200).data.refreshToken
    expect(await refresh(second), 200)
    return expect(await refresh(refreshToken), 403)
  },
}

const sidOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sid

/** Milliseconds from the answer at the one instance to the first refusal at the other. */
const measure = async (end, person) => {
  const { email, password } = person
  const { data } = expect(
    await send(here, 'POST', '/auth/login', { body: { email, password } }),
    200,
  )
  const ask = () => send(there, 'GET', '/auth/session', { token: data.accessToken })
  expect(await ask(), 200)

  let answered = Number.POSITIVE_INFINITY
  const ending = end({ ...data, sid: sidOf(data.accessToken), person }).then(({ at }) => {
    answered = at
  })
  let answer = await ask()
  while (answer.status === 200) answer = await ask()
  await ending
  expect(answer, 401)
  // Refused before the answer has arrived is refused at once.
  return Math.max(0, answer.at - answered)
}

const row = (...cells) =>
  console.log(cells.map((cell, i) => (i ? `${cell}`.padStart(9) : cell.padEnd(16))).join(''))
row('ms', 'n', 'p50', 'p95', 'p99', 'max')
let isLate = false
for (const [kind, end] of Object.entries(kinds)) {
  const person = { email: `${kind.replace(' ', '-')}@example.com`, password: passwords[0] }
  const body = { ...person, name: 'Ada' }
  expect(await send(here, 'POST', '/auth/register', { body }), 201)
  const times = []
  const began = performance.now()
  while (times.length < count && performance.now() - began < budget) {
    times.push(await measure(end, person))
  }
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.ceil(share * times.length) - 1]
  row(kind, times.length, ...[0.5, 0.95, 0.99, 1].map((share) => at(share).toFixed(2)))
  isLate ||= at(0.99) >= promised
}
process.exit(isLate ? 1 : 0)
