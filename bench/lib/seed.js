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

/** An id of the same length that ends with a number. */
export const numbered = (id, number) => `${id.slice(0, -7)}${number.toString(36).padStart(7, '0')}`

const sidOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).sid

const inBatches = async (items, work) => {
  const results = []
  const batch = 200
  for (let start = 0; start < items.length; start += batch) {
    results.push(...(await Promise.all(items.slice(start, start + batch).map(work))))
  }
  return results
}

/** Makes so many accounts; all have one password, hashed once. */
export const seedAccounts = async (app, count, { from = 0 } = {}) => {
  if (count === 0) return []
  await app.accounts.register({ email: emailOf(from), password, name: 'Ada Lovelace' }, origin)
  const first = await app.stores.accounts.findByEmail(emailOf(from))
  const others = Array.from({ length: count - 1 }, (_, at) => from + 1 + at)
  const made = await inBatches(others, async (number) => {
    const account = { ...first, userId: numbered(first.userId, number), email: emailOf(number) }
    await app.stores.accounts.create(account)
    return account
  })
  return [first, ...made]
}

/** Starts a session of each; answers what their browsers hold. */
export const signInAll = (app, accounts) =>
  inBatches(accounts, async (account) => {
    const { tokens } = await app.sessions.signIn.start(account, origin)
    const { userId, email } = account
    const access = tokens.access.token
    return { email, userId, sid: sidOf(access), access, token: tokens.refresh.token }
  })

/** Makes so many accounts, each with a session; answers what their browsers hold. */
export const seedUsers = async (app, count, { from = 0 } = {}) =>
  signInAll(app, await seedAccounts(app, count, { from }))
