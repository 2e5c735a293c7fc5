import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import { eventually, person, secrets } from '../support/app.js'
import { ownTime } from '../support/own-time.js'
import { startServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'
import { ask, type Example, gatehouseEnv as env, startExample } from './spawn.js'

const example = 'service/server.js'

const { privateKey } = generateKeyPairSync('ed25519')
const pair = {
  JWT_ALGORITHM: 'EdDSA',
  JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}

/** Signs somebody in at the one, and sees what the other makes of it, until it is revoked. */
const walk = async (t: Test, gatehouse: string, service: Example): Promise<void> => {
  await eventually(async () => (await ask(gatehouse, '/health/ready')).status === 200)
  t.match(await service.ask('/orders'), { status: 401, body: { code: 'NO_TOKEN' } })
  const { body } = await ask(gatehouse, '/api/auth/register', undefined, person('ada'))
  const { user, accessToken, refreshToken } = body.data
  t.match(await service.ask('/orders', accessToken), { status: 200, body: { of: user.userId } })
  t.match(await service.ask('/turnover', accessToken), {
    status: 403,
    body: { code: 'INSUFFICIENT_PERMISSIONS' },
  })
  for (let i = 0; i < 10; i++) t.equal((await service.ask('/orders', accessToken)).status, 200)
  t.equal((await ask(gatehouse, '/api/auth/logout', undefined, { refreshToken })).status, 200)
  const revoked = ownTime()
  await eventually(async () => (await service.ask('/orders', accessToken)).status !== 200)
  t.ok(ownTime() - revoked < 3_000, 'refused within the bound')
  t.match(await service.ask('/orders', accessToken), {
    status: 401,
    body: { code: 'INVALID_TOKEN' },
  })
}

t.test('with an app that has Gatehouse in it, and a key pair', async (t) => {
  const { url: REDIS_URL } = await startRedis(t)
  const host = await startExample(t, 'embedded/server.js', { ...env, ...pair, REDIS_URL })
  const [sharing, alone] = await Promise.all([
    startExample(t, example, { GATEHOUSE_URL: host.url, REDIS_URL }),
    startExample(t, example, { GATEHOUSE_URL: host.url }),
  ])

  t.test('a service that shares the Redis hears of revocations', async (t) => {
    await walk(t, host.url, sharing)
  })

  t.test('one that has the public keys alone takes a token until it expires', async (t) => {
    const { body } = await ask(host.url, '/api/auth/register', undefined, person('bob'))
    const { accessToken, refreshToken } = body.data
    t.equal((await ask(host.url, '/api/auth/logout', undefined, { refreshToken })).status, 200)
    t.equal((await ask(host.url, '/api/profile', accessToken)).status, 401)
    t.equal((await alone.ask('/orders', accessToken)).status, 200)
  })
})

t.test('with a Gatehouse of its own, a service that shares the secret and Redis', async (t) => {
  const { url: REDIS_URL } = await startRedis(t)
  const shared = { REDIS_URL, REDIS_KEY_PREFIX: 'other:' }
  const { JWT_SECRET } = secrets
  const [gatehouse, service] = await Promise.all([
    startServer(t, { env: { ...env, ...shared } }),
    startExample(t, example, { JWT_SECRET, ...shared }),
  ])
  await walk(t, gatehouse.url, service)
  service.kill('SIGTERM')
  t.strictSame(await service.exited, { code: 0, signal: null })
})
