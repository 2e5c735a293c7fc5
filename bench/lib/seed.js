import { buildApp } from '../../dist/src/app.js'
import { loadConfig } from '../../dist/src/config/load.js'
import { symbols } from '../../node_modules/pino/pino.js'
import { folder, production } from './processes.js'
import { browser } from './requests.js'

export const password = 'Glass-Onion-31'
const origin = { requestId: 'seed', ip: '203.0.113.42', userAgent: browser['User-Agent'] }

/** The system within this process, on the same store as the servers: what fills the store fast. */
export const openSystem = async (redisUrl, env = {}) => {
  const variables = { ...production(redisUrl), LOG_LEVEL: 'fatal', ...env }
  const app = await buildApp(loadConfig(variables, { folder }))
  // Its security events are none of anybody's.
  app.log[symbols.streamSym] = { write: () => {} }
  for (let tries = 0; tries < 1_000; tries += 1) {
    const isThere = await app.stores.ping().then(
      () => true,
      () => false,
    )
    if (isThere) return app
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('The store does not answer')
}

/** All of the same length, so that one request with another email in it stays a right one. */
export const emailOf = (number) => `user-${String(number).padStart(7, '0')}@example.com`

/**
 * Makes so many accounts, each with a session; all have one password, hashed once. Answers what their
 * browsers hold.
 */
export const seedUsers = async (app, count, { from = 0, sessions = 1 } = {}) => {
  if (count === 0) return []
  const name = 'Ada Lovelace'
  await app.accounts.register({ email: emailOf(from), password, name }, origin)
  const first = await app.stores.accounts.findByEmail(emailOf(from))
  const users = []
  const add = async (number) => {
    const email = emailOf(number)
    const userId =
      number === from
        ? first.userId
        : `${first.userId.slice(0, -7)}${number.toString(36).padStart(7, '0')}`
    const account = { ...first, userId, email }
    if (number !== from) await app.stores.accounts.create(account)
    for (let left = sessions; left > 0; left -= 1) {
      const { tokens } = await app.sessions.signIn.start(account, origin)
      users.push({ email, userId, access: tokens.access.token, token: tokens.refresh.token })
    }
  }
  const batch = 200
  for (let start = from; start < from + count; start += batch) {
    const numbers = Array.from(
      { length: Math.min(batch, from + count - start) },
      (_, at) => start + at,
    )
    await Promise.all(numbers.map(add))
  }
  return users
}
