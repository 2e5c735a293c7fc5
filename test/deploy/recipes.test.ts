import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Built, build, type Device, eventually, person } from '../support/app.js'
import { type RedisServer, startRedis } from '../support/redis.js'

/* What docs/operations.md tells operators to do, done. */

const common = { REDIS_KEY_PREFIX: 'gh:' }

const folderOf = async (redis: RedisServer): Promise<string> => {
  const [, folder = ''] = (await redis.command('CONFIG', 'GET', 'dir')) as string[]
  return folder
}

/** What a browser holds now, and a thief may have copied. */
const cookiesOf = (device: Device): string =>
  Object.entries({ ...device.cookies('/'), ...device.cookies() })
    .map((pair) => pair.join('='))
    .join('; ')

/** The same browser, as it was, before another instance. */
const before = ({ client }: Built, browser: Device | string) =>
  client({ cookie: typeof browser === 'string' ? browser : cookiesOf(browser) })

/** A fresh server that begins with a copy of what another one had. */
const restore = async (t: Test, copy: string): Promise<RedisServer> => {
  const redis = await startRedis(t)
  const folder = await folderOf(redis)
  await redis.stop()
  copyFileSync(copy, join(folder, 'dump.rdb'))
  await redis.start()
  await redis.command('CONFIG', 'SET', 'appendonly', 'yes')
  return redis
}

t.test('a backup that is restored has accounts and sessions,', async (t) => {
  const redis = await startRedis(t, { durable: true })
  const built = await build(t, { ...common, REDIS_URL: redis.url })
  const ada = await built.signedUp('ada')
  const eve = await built.signedUp('eve')
  await redis.command('BGSAVE')
  await eventually(async () =>
    String(await redis.command('INFO', 'persistence')).includes('rdb_bgsave_in_progress:0'),
  )
  // A copy that takes its time on a busy machine may have been an outage.
  await eventually(async () => (await built.app.inject('/health/ready')).statusCode === 200)
  const copy = join(t.testdir(), 'backup.rdb')
  copyFileSync(join(await folderOf(redis), 'dump.rdb'), copy)
  // After the backup, and so unknown to it.
  const late = await built.signedUp('late')
  const stolen = cookiesOf(eve)
  t.equal((await eve.post('/api/auth/logout-all')).statusCode, 200)
  t.equal((await before(built, stolen).get('/api/profile')).statusCode, 401)

  const url = (await restore(t, copy)).url
  const restored = await build(t, { ...common, REDIS_URL: url })

  t.test('and people go on', async (t) => {
    t.equal((await before(restored, ada).get('/api/profile')).statusCode, 200)
    t.equal((await before(restored, ada).post('/api/auth/refresh')).statusCode, 200)
    t.ok((await restored.signedIn('ada')).sessionId)
  })

  t.test('but not who came after it', async (t) => {
    t.equal((await before(restored, late).get('/api/profile')).statusCode, 401)
    await t.rejects(restored.signedIn('late'))
  })

  t.test('and the sessions that were ended after it live again', async (t) => {
    t.equal((await before(restored, stolen).get('/api/profile')).statusCode, 200)
  })

  t.test('until everybody is signed out by new secrets', async (t) => {
    const variables = {
      JWT_SECRET: 'Vt7Yb3Nq9Xc1Zk5Wm8Rp2Lf6Hd4Gs0Ja',
      JWT_REFRESH_SECRET: 'Ra4Sd8Ft2Gy6Hu0Jk5Lz9Xc3Vb7Nm1Qw',
    }
    const fresh = await build(t, { ...common, REDIS_URL: url, ...variables })
    for (const cookies of [cookiesOf(ada), stolen]) {
      const browser = before(fresh, cookies)
      t.match((await browser.get('/api/profile')).json(), { code: 'INVALID_TOKEN' })
      t.match((await browser.post('/api/auth/refresh')).json(), { code: 'REFRESH_FAILED' })
    }
    t.ok((await fresh.signedIn('ada')).sessionId, 'with the password they come in again')
  })
})

t.test("Redis's password is changed with nobody noticing", async (t) => {
  const redis = await startRedis(t)
  const user = (...rules: string[]) => redis.command('ACL', 'SETUSER', 'gatehouse', ...rules)
  const as = (password: string) => redis.url.replace('//', `//gatehouse:${password}@`)
  await user('reset', 'on', '>old', '~*', '&*', '+@all')
  const older = await build(t, { ...common, REDIS_URL: as('old') })
  const ada = await older.signedUp('ada')
  await user('>new')
  const newer = await build(t, { ...common, REDIS_URL: as('new') })
  t.equal((await before(newer, ada).post('/api/auth/refresh')).statusCode, 200)
  t.equal((await ada.get('/api/profile')).statusCode, 200)
  await user('<old')
  t.equal((await before(newer, ada).get('/api/profile')).statusCode, 200)
})

t.test('without the old pepper no password is right', async (t) => {
  const { url } = await startRedis(t)
  const built = await build(t, { ...common, REDIS_URL: url, PASSWORD_PEPPER: 'salt' })
  const ada = await built.signedUp('ada')
  const changed = await build(t, { ...common, REDIS_URL: url, PASSWORD_PEPPER: 'pepper' })
  const { email, password } = person('ada')
  const answer = await changed.client().post('/api/auth/login', { email, password })
  t.match(answer.json(), { code: 'INVALID_CREDENTIALS' })
  t.equal((await before(changed, ada).get('/api/profile')).statusCode, 200, 'sessions go on')
})
