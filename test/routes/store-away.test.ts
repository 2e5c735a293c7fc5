import t from 'tap'
import { refused } from '../support/answers.js'
import { build, eventually } from '../support/app.js'
import { startRedis } from '../support/redis.js'

/* What each route answers while its store is away is in test/outages/. */

t.test('started without its store it is live but not ready, and waits', async (t) => {
  const redis = await startRedis(t)
  await redis.stop()
  const { app } = await build(t, { REDIS_URL: redis.url }, { awaitStore: false })
  t.equal((await app.inject('/health/live')).statusCode, 200)
  refused(t, await app.inject('/health/ready'), 503, 'STORE_UNAVAILABLE')
  await redis.start()
  await eventually(async () => (await app.inject('/health/ready')).statusCode === 200)
  t.equal((await app.inject('/health/ready')).statusCode, 200)
})
