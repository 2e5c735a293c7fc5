import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { createKeys } from '../../src/redis/keys.js'
import { type Built, build, eventually, testConfig } from '../support/app.js'
import { startRedis } from '../support/redis.js'

const admin = { email: 'root@example.com', password: 'Velvet-Hammer-77' }
const variables = { ADMIN_EMAIL: 'Root@Example.com', ADMIN_PASSWORD: admin.password }

const signIn = async ({ app }: Pick<Built, 'app'>) =>
  app.inject({ method: 'POST', url: '/api/auth/login', payload: admin })

const registered = async ({ app }: Pick<Built, 'app'>) =>
  (await app.stores.events.list({ limit: 100, type: 'user.registered' })).events

t.test('the configured admin can sign in as soon as the server is there', async (t) => {
  const built = await build(t, {
    ...variables,
    REQUIRE_EMAIL_VERIFICATION: 'true',
    LOG_LEVEL: 'info',
  })
  const answer = await signIn(built)
  t.equal(answer.statusCode, 200, answer.body)
  t.match(answer.json().data.user, { email: admin.email, role: 'admin', emailVerified: true })
  t.ok(built.log.some(({ msg }) => msg === 'first admin made'))
  t.notMatch(JSON.stringify(built.log), admin.password)
  await eventually(async () => (await registered(built)).length > 0)
  t.match(await registered(built), [{ reason: 'first_admin' }])
})

t.test('an account that has the email already is left as it is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-admin-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const first = await buildApp(testConfig(folder))
  const other = { ...admin, password: 'Glass-Onion-31', name: 'Grace' }
  const url = '/api/auth/register'
  t.equal((await first.inject({ method: 'POST', url, payload: other })).statusCode, 201)
  await first.close()

  const EMBEDDED_STORE_PATH = join(folder, 'store')
  const built = await build(t, { ...variables, EMBEDDED_STORE_PATH, LOG_LEVEL: 'info' })
  t.equal((await signIn(built)).statusCode, 401)
  t.match(await built.app.stores.accounts.findByEmail(admin.email), { name: 'Grace', role: 'user' })
  t.ok(built.log.some(({ msg }) => msg === 'first admin exists, and is no active admin'))
})

const instances = async (t: Test, count: number, url: string): Promise<Built[]> => {
  const shared = { ...variables, REDIS_URL: url, REDIS_KEY_PREFIX: 'gh:', LOG_LEVEL: 'info' }
  return Promise.all(Array.from({ length: count }, () => build(t, shared, { awaitStore: false })))
}

t.test('five instances that start at once make one', async (t) => {
  const redis = await startRedis(t)
  const all = await instances(t, 5, redis.url)
  await Promise.all(all.map(({ app }) => app.ready()))
  const told = () =>
    all.flatMap(({ log }) => log.filter(({ msg }) => /^first admin/.test(String(msg))))
  await eventually(async () => told().length === 5)
  t.equal(told().filter(({ msg }) => msg === 'first admin made').length, 1)
  t.equal(told().filter(({ msg }) => msg === 'first admin exists already').length, 4)
  t.equal(await redis.command('ZCARD', createKeys('gh:').users), 1)
  for (const built of all) t.equal((await signIn(built)).statusCode, 200)
})

t.test('a store that is away at the start is waited for', async (t) => {
  const redis = await startRedis(t)
  await redis.stop()
  const [built] = (await instances(t, 1, redis.url)) as [Built]
  await built.app.ready()
  t.equal((await built.app.inject('/health/live')).statusCode, 200)
  t.equal((await signIn(built)).statusCode, 503)
  await redis.start()
  await eventually(async () => (await signIn(built)).statusCode === 200)
  t.pass('and then it is made')
})

t.test('a server that is told to stop meanwhile stops', async (t) => {
  const redis = await startRedis(t)
  await redis.stop()
  const [built] = (await instances(t, 1, redis.url)) as [Built]
  await built.app.ready()
  await built.app.close()
  t.notOk(built.log.some(({ msg }) => /^first admin/.test(String(msg))))
})
