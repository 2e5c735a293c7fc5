import { once } from 'node:events'
import { Redis } from 'ioredis'
import t from 'tap'
import { gatherWrites } from '../../src/redis/gather-writes.js'
import { startRedis } from '../support/redis.js'

/** How often a server has read from any of its connections. */
const readsOf = async (redis: Redis): Promise<number> =>
  Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1])

const turn = () => new Promise((resolve) => setImmediate(resolve))

t.test('commands of one turn', async (t) => {
  const server = await startRedis(t)
  const redis = new Redis(server.url, { retryStrategy: () => 10 })
  t.teardown(() => redis.disconnect())
  gatherWrites(redis)
  await once(redis, 'ready')

  t.test('leave in one write, in their order', async (t) => {
    const before = await readsOf(redis)
    const counts = await Promise.all(Array.from({ length: 50 }, () => redis.incr('count')))
    t.strictSame(
      counts,
      Array.from({ length: 50 }, (_, at) => at + 1),
    )
    t.equal((await readsOf(redis)) - before, 2, 'one for all of them, and one for this question')
  })

  t.test('do not wait for those of the next', async (t) => {
    const before = await readsOf(redis)
    const first = redis.incr('count')
    await turn()
    await turn()
    const second = redis.incr('count')
    t.equal((await second) - (await first), 1)
    t.equal((await readsOf(redis)) - before, 3)
  })

  t.test(
    'still leave when the connection ends, and are gathered on the next one too',
    async (t) => {
      const last = redis.incr('count')
      redis.disconnect(true)
      t.type(await last, 'number')
      await once(redis, 'ready')
      const before = await readsOf(redis)
      await Promise.all([redis.incr('count'), redis.incr('count')])
      t.equal((await readsOf(redis)) - before, 2)
    },
  )
})
