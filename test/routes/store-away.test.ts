import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { refused } from '../support/answers.js'
import { build, type Device, eventually, password, person } from '../support/app.js'
import { type RedisServer, startRedis } from '../support/redis.js'

/** As long as any answer may take with the store away, in milliseconds. */
const patience = 2_000

const requests: Record<string, (device: Device) => Promise<LightMyRequestResponse>> = {
  register: (device) => device.post('/api/auth/register', person('bob')),
  login: (device) => device.post('/api/auth/login', { email: person('ada').email, password }),
  refresh: (device) => device.post('/api/auth/refresh'),
  logout: (device) => device.post('/api/auth/logout'),
  session: (device) => device.get('/api/auth/session'),
  profile: (device) => device.get('/api/profile'),
  ready: (device) => device.get('/health/ready'),
}

const isReady = (app: FastifyInstance) =>
  eventually(async () => (await app.inject('/health/ready')).statusCode === 200)

/** A device that is signed in and has asked for nothing yet, so that no instance knows its token. */
const setUp = async (t: Test, redis: RedisServer) => {
  const { app, signedUp } = await build(t, { REDIS_URL: redis.url })
  const device = await signedUp('ada')
  await isReady(app)
  return { app, device }
}

const inTime = async (t: Test, work: Promise<unknown>): Promise<void> => {
  const began = performance.now()
  await work
  t.ok(performance.now() - began < patience, 'in time')
}

/** Asserts that all routes say so, in time, and that nobody is signed out by it. */
const allRefused = async (t: Test, device: Device): Promise<void> => {
  const cookies = device.cookies()
  await Promise.all(
    Object.entries(requests).map(([name, send]) =>
      t.test(`${name}: 503, in time, and no cookie is touched`, async (t) => {
        const began = performance.now()
        const answer = await send(device)
        t.ok(performance.now() - began < patience)
        refused(t, answer, 503, 'STORE_UNAVAILABLE')
        t.notOk('set-cookie' in answer.headers)
        t.notMatch(answer.body, /redis|ECONN|127\.0\.0\.1|timed out/i, 'no driver speaks')
      }),
    ),
  )
  t.strictSame(device.cookies(), cookies)
  t.equal((await device.get('/health/live')).statusCode, 200, 'the process lives')
}

t.test('with Redis gone', async (t) => {
  const redis = await startRedis(t, { durable: true })
  const { app, device } = await setUp(t, redis)
  await redis.kill('SIGKILL')
  await allRefused(t, device)

  t.test('and back, the session is still there', async (t) => {
    await redis.start()
    await inTime(t, isReady(app))
    t.equal((await device.get('/api/profile')).statusCode, 200)
    t.equal((await device.post('/api/auth/refresh')).statusCode, 200)
  })
})

t.test('with Redis hanging', async (t) => {
  const redis = await startRedis(t)
  const { app, device } = await setUp(t, redis)
  await redis.kill('SIGSTOP')
  await allRefused(t, device)

  t.test('and going on, the session is still there', async (t) => {
    await redis.kill('SIGCONT')
    await inTime(t, isReady(app))
    t.equal((await device.post('/api/auth/refresh')).statusCode, 200)
  })
})

t.test('with Redis out of memory what writes is refused, and what reads is served', async (t) => {
  const redis = await startRedis(t)
  const { device } = await setUp(t, redis)
  await redis.command('CONFIG', 'SET', 'maxmemory', 1)
  for (const name of ['register', 'login', 'refresh']) {
    const answer = await requests[name]?.(device)
    if (answer) refused(t, answer, 503, 'STORE_UNAVAILABLE')
    t.notOk(answer && 'set-cookie' in answer.headers)
  }
  t.equal((await device.get('/api/profile')).statusCode, 200)
})

t.test('started without its store it is live but not ready, and waits', async (t) => {
  const redis = await startRedis(t)
  await redis.stop()
  const { app } = await build(t, { REDIS_URL: redis.url }, { awaitStore: false })
  t.equal((await app.inject('/health/live')).statusCode, 200)
  refused(t, await app.inject('/health/ready'), 503, 'STORE_UNAVAILABLE')
  await redis.start()
  await isReady(app)
  t.equal((await app.inject('/health/ready')).statusCode, 200)
})
