import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { anywhere, folder, startGatehouse, startRedis } from '../lib/processes.js'

const admin = { email: 'root@example.com', password: 'Copper-Kettle-58' }

const startInstance = async (redis) => {
  const env = {
    NODE_ENV: 'test',
    // Hashing is not what is measured, and the limits are for others.
    ARGON2_MEMORY_KIB: '64',
    ARGON2_TIME_COST: '1',
    PASSWORD_RESET_RATE_LIMIT_MAX: '1000000',
    ANOMALY_MODE: 'off',
    // Whoever administers signs in once for the whole run.
    JWT_EXPIRES_IN: '2h',
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
  }
  const { port } = await startGatehouse(redis, { env, core: anywhere })
  return { url: `http://127.0.0.1:${port}`, agent: new Agent({ keepAlive: true, maxSockets: 1 }) }
}

/** One request on the instance's one connection; answers with the time at which the answer was there. */
export const send = ({ url, agent }, method, path, { token, body } = {}) =>
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

/** The answer, if it has the status; whatever else comes ends the run. */
export const expect = (answer, status) => {
  if (answer.status !== status)
    throw new Error(`${answer.status} in place of ${status}: ${answer.text}`)
  return answer
}

const redis = await startRedis({ core: anywhere })
export const redisUrl = redis.url
/** The one that ends sessions, and the other that has to hear of it. */
export const [here, there] = await Promise.all([startInstance(redis), startInstance(redis)])

/** Asks until the answer is a success: an instance that has just started may not have its store yet. */
const untilGood = async (ask) => {
  for (;;) {
    const answer = await ask()
    if (answer.status === 200) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const signIn = async ({ email, password }) =>
  expect(await send(here, 'POST', '/auth/login', { body: { email, password } }), 200).data

// The admin is made once the store is there.
export const { data: root } = await untilGood(() =>
  send(here, 'POST', '/auth/login', { body: admin }),
)
await untilGood(() => send(there, 'GET', '/auth/session', { token: root.accessToken }))
/** What the admin does to somebody's account, at the one instance. */
export const administer = async (method, { userId }, path = '', body) =>
  expect(
    await send(here, method, `/admin/users/${userId}${path}`, { token: root.accessToken, body }),
    200,
  )

export const signUp = async ({ email, password }) => {
  const body = { email, password, name: 'Ada' }
  const { data } = expect(await send(here, 'POST', '/auth/register', { body }), 201)
  return { email, password, userId: data.user.userId }
}

const outbox = join(folder, '.data', 'outbox')
const read = new Set()

/** The token of a link that is mailed to somebody. */
export const mailed = async (link, email) => {
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
