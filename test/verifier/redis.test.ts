import t, { type Test } from 'tap'
import { inRedis } from '../support/accounts.js'
import { type Built, build, type Device, eventually, secrets } from '../support/app.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { startProxy } from '../support/tcp-proxy.js'
import { refusedBy, type Service, startService, tokenOf } from './service.js'

const { JWT_SECRET: secret } = secrets

/** A Gatehouse and another service, on one Redis. */
const startBoth = async (
  t: Pick<Test, 'teardown'>,
  redis: RedisServer,
  redisUrl = redis.url,
): Promise<Built & Service> => {
  const gatehouse = await build(t, { REDIS_URL: redis.url })
  const { REDIS_KEY_PREFIX: keyPrefix } = gatehouse.config
  const service = await startService(t, { secret, redisUrl, keyPrefix })
  const ada = await gatehouse.signedUp('somebody')
  await eventually(async () => (await service.ask(tokenOf(ada))).statusCode === 200)
  return { ...gatehouse, ...service }
}

/** How many accounts have been read. */
const accountsRead = async (redis: RedisServer): Promise<number> => {
  const stats = String(await redis.command('INFO', 'commandstats'))
  return Number(/cmdstat_hgetall:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}

t.test('on the Redis of a Gatehouse', async (t) => {
  const redis = await startRedis(t)
  const { ask, config, signedUp, signedIn } = await startBoth(t, redis)
  /** Signed in, and known to the service. */
  const enter = async (name: string, how = signedUp): Promise<Device> => {
    const device = await how(name)
    t.equal((await ask(tokenOf(device))).statusCode, 200)
    return device
  }

  t.test('a token that is known costs no round trip', async (t) => {
    const ada = await enter('ada')
    let before = 0
    // The news of her sign-up may still have been on the way when the token was read first.
    await eventually(async () => {
      before = await accountsRead(redis)
      await ask(tokenOf(ada))
      return (await accountsRead(redis)) === before
    })
    for (let i = 0; i < 20; i++) {
      const { userId, sessionId } = ada
      t.match((await ask(tokenOf(ada))).json(), { userId, role: 'user', sessionId })
    }
    t.equal(await accountsRead(redis), before)
  })

  t.test('still nothing personal is told', async (t) => {
    const answer = await ask(tokenOf(await enter('lin')))
    t.strictSame(Object.keys(answer.json()), ['userId', 'role', 'sessionId', 'expiresAt'])
  })

  t.test('a session that ends is refused at once', async (t) => {
    const ways: Record<string, (device: Device) => Promise<unknown>> = {
      'by its owner': (device) => device.post('/api/auth/logout'),
      'with all others': (device) => device.post('/api/auth/logout-all'),
      'on another device': async ({ sessionId }) =>
        (await signedIn('bob')).delete(`/api/auth/sessions/${sessionId}`),
    }
    const token = tokenOf(await enter('bob'))
    for (const [name, end] of Object.entries(ways)) {
      const device = await enter('bob', signedIn)
      const token = tokenOf(device)
      await end(device)
      const ended = performance.now()
      await eventually(async () => (await ask(token)).statusCode === 401)
      refusedBy(t, await ask(token), 401, 'INVALID_TOKEN')
      t.ok(performance.now() - ended < 1_000, `${name}: in milliseconds`)
    }
    refusedBy(t, await ask(token), 401, 'INVALID_TOKEN')
  })

  t.test('the role is that of the store, not of the token', async (t) => {
    const eve = await signedUp('eve')
    await inRedis({ config }, redis).promote(eve)
    t.equal((await ask(tokenOf(eve), '/reports')).statusCode, 200)
  })

  t.test('an account that is gone or inactive has no good tokens', async (t) => {
    const joe = await signedUp('joe')
    await inRedis({ config }, redis).deactivate(joe)
    refusedBy(t, await ask(tokenOf(joe)), 401, 'INVALID_TOKEN')
  })
})

t.test('while Redis is away nobody gets through, and nobody is signed out', async (t) => {
  const redis = await startRedis(t)
  const { ask, signedUp } = await startBoth(t, redis)
  const [known, fresh] = [await signedUp('ada'), await signedUp('bob')]
  t.equal((await ask(tokenOf(known))).statusCode, 200)
  await redis.stop()
  for (const device of [fresh, known]) {
    await eventually(async () => (await ask(tokenOf(device))).statusCode === 503)
    const began = performance.now()
    refusedBy(t, await ask(tokenOf(device)), 503, 'STORE_UNAVAILABLE')
    t.ok(performance.now() - began < 2_000)
  }
  refusedBy(t, await ask('odd'), 401, 'INVALID_TOKEN')
})

t.test('it hears again after an outage, and believes nothing it remembered', async (t) => {
  const redis = await startRedis(t, { durable: true })
  const { ask, signedUp } = await startBoth(t, redis)
  const ada = await signedUp('ada')
  const token = tokenOf(ada)
  t.equal((await ask(token)).statusCode, 200)
  await redis.kill('SIGKILL')
  await redis.start()
  await eventually(async () => (await ask(token)).statusCode === 200)
  await eventually(async () => (await ada.post('/api/auth/logout')).statusCode === 200)
  await eventually(async () => (await ask(token)).statusCode === 401)
  refusedBy(t, await ask(token), 401, 'INVALID_TOKEN')
})

t.test('a connection that died silently is noticed within 3 s', async (t) => {
  const redis = await startRedis(t)
  const proxy = await startProxy(t, redis.port)
  const { ask, signedUp } = await startBoth(t, redis, `redis://127.0.0.1:${proxy.port}`)
  const ada = await signedUp('ada')
  const token = tokenOf(ada)
  t.equal((await ask(token)).statusCode, 200)
  proxy.pause()
  const began = performance.now()
  await ada.post('/api/auth/logout')
  await eventually(async () => (await ask(token)).statusCode !== 200)
  t.ok(performance.now() - began < 3_000)
  refusedBy(t, await ask(token), 503, 'STORE_UNAVAILABLE')
  proxy.resume()
  await eventually(async () => (await ask(token)).statusCode === 401)
  refusedBy(t, await ask(token), 401, 'INVALID_TOKEN')
})

t.test('without Redis an ended session lasts as long as its access token', async (t) => {
  const { signedUp } = await build(t)
  const { ask } = await startService(t, { secret })
  const ada = await signedUp('ada')
  const token = tokenOf(ada)
  t.equal((await ada.post('/api/auth/logout')).statusCode, 200)
  t.equal((await ask(token)).statusCode, 200)
})
