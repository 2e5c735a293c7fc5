import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { build, eventually } from '../support/app.js'
import { startRedis } from '../support/redis.js'

const requests = 2_000

/** How often each command has run, `INFO` left out. */
type Counts = Record<string, number>

const difference = (before: Counts, after: Counts): Counts =>
  Object.fromEntries(
    Object.entries(after)
      .map(([name, calls]) => [name, calls - (before[name] ?? 0)] as const)
      .filter(([, calls]) => calls > 0),
  )

t.test('requests with a known token cost Redis nothing', async (t) => {
  const redis = await startRedis(t)
  // With all that counts requests at work: it must not cost a round trip each either.
  const { signedUp, app } = await build(t, { REDIS_URL: redis.url, ANOMALY_MODE: 'observe' })
  const raw = await redis.connect()
  const counts = async (): Promise<Counts> => {
    const stats = await raw.info('commandstats')
    const pairs = [...stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)]
    const all = pairs.map(([, name = '', calls]) => [name, Number(calls)] as const)
    return Object.fromEntries(all.filter(([name]) => name !== 'info'))
  }

  const ada = await signedUp('ada')
  const urls = ['/api/auth/session', '/api/profile']
  // The channel has to be proved before anything is kept, and her sign-in must have been heard of.
  await eventually(async () => {
    const { hits } = app.sessions.cache.stats()
    await ada.get('/api/profile')
    return app.sessions.cache.stats().hits > hits
  })

  // Nor may the mail of her sign-up be under way.
  await eventually(async () => (await app.mail.waiting()) === 0)

  const before = await counts()
  const { misses } = app.sessions.cache.stats()
  const began = performance.now()
  for (let i = 0; i < requests; i += 20) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, j) => ada.get(urls[j % 2] ?? '')),
    )
    const statuses = new Set(answers.map(({ statusCode }) => statusCode))
    if (statuses.size > 1 || !statuses.has(200)) t.fail(`answered ${[...statuses]}`)
    // Requests that come by no socket leave the loop no time to hear of anything.
    await setImmediate()
  }
  const seconds = (performance.now() - began) / 1000
  const cost = difference(before, await counts())
  t.comment(`${requests} requests in ${seconds.toFixed(1)} s: ${JSON.stringify(cost)}`)

  t.equal(app.sessions.cache.stats().misses, misses, 'every one was answered from the cache')
  // What is left goes by time: two beats a second, as often an exchange of what was counted, and a look for
  // mails.
  const total = Object.values(cost).reduce((sum, calls) => sum + calls, 0)
  t.ok(total < 50 * (seconds + 1), `${total} commands, whatever the number of requests`)
})
