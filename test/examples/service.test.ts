import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import { eventually, person, secrets } from '../support/app.js'
import { startServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'
import { ask, type Example, startExample } from './spawn.js'

const env = { HOST: '127.0.0.1', CLIENT_URLS: 'http://localhost:3000', ...secrets }
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
  const revoked = performance.now()
  await eventually(async () => (await service.ask('/orders', accessToken)).status !== 200)
  t.ok(performance.now() - revoked < 3_000, 'refused within the bound')
  t.match(await service.ask('/orders', accessToken), {
    status: 401,
    body: { code: 'INVALID_TOKEN' },
  })
}

t.test('a service that shares keys and Redis with the Gatehouse of another app', async (t) => {
  const { url: REDIS_URL } = await startRedis(t)
  const host = await startExample(t, 'embedded/server.js', { ...env, ...pair, REDIS_URL })
  const service = await startExample(t, example, { GATEHOUSE_URL: host.url, REDIS_URL })
  await walk(t, host.url, service)
})

t.test('a service that shares the secret and Redis', async (t) => {
  const { url: REDIS_URL } = await startRedis(t)
  const gatehouse = await startServer(t, {
    env: { ...env, REDIS_URL, REDIS_KEY_PREFIX: 'other:' },
  })
  const { JWT_SECRET } = secrets
  const service = await startExample(t, example, {
    JWT_SECRET,
    REDIS_URL,
    REDIS_KEY_PREFIX: 'other:',
  })
  await walk(t, gatehouse.url, service)
  service.kill('SIGTERM')
  t.strictSame(await service.exited, { code: 0, signal: null })
})

t.test('a service that has the public keys alone takes a token until it expires', async (t) => {
  const gatehouse = await startServer(t, { env: { ...env, ...pair } })
  const service = await startExample(t, example, { GATEHOUSE_URL: gatehouse.url })
  const { body } = await ask(gatehouse.url, '/api/auth/register', undefined, person('ada'))
  const { accessToken, refreshToken } = body.data
  t.equal((await ask(gatehouse.url, '/api/auth/logout', undefined, { refreshToken })).status, 200)
  t.equal((await ask(gatehouse.url, '/api/profile', accessToken)).status, 401)
  t.equal((await service.ask('/orders', accessToken)).status, 200)
})
