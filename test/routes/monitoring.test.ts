import { readFileSync } from 'node:fs'
import type { FastifyInstance, InjectOptions } from 'fastify'
import t from 'tap'
import { refused } from '../support/answers.js'
import { build, eventually, password } from '../support/app.js'
import { listen } from '../support/raw-http.js'
import { startRedis } from '../support/redis.js'

const monitored = ['/metrics', '/health/detailed']

/** The samples of Prometheus' text, by name and labels. */
const samples = (text: string): Map<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.replace(/ \S+$/, ''), Number(line.replace(/^.* /, ''))]),
  )

const scrape = async (app: FastifyInstance): Promise<Map<string, number>> => {
  const answer = await app.inject('/metrics')
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'cache-control': 'no-store',
  })
  return samples(answer.body)
}

const requests = (route: string, status: number, method = 'GET') =>
  `gatehouse_http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`

t.test('who may see metrics and details', async (t) => {
  t.test('without a token: this machine, and nobody through a proxy', async (t) => {
    const { app } = await build(t, { TRUST_PROXY: 'loopback' })
    for (const url of monitored) {
      const ask = (headers: Record<string, string>, remoteAddress = '127.0.0.1') =>
        app.inject({ url, headers, remoteAddress } satisfies InjectOptions)
      for (const address of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1']) {
        t.equal((await ask({}, address)).statusCode, 200, `${url} from ${address}`)
      }
      for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', '12.7.0.1']) {
        refused(t, await ask({}, address), 404, 'NOT_FOUND')
        refused(t, await ask({ 'x-forwarded-for': '127.0.0.1' }, address), 404, 'NOT_FOUND')
      }
      for (const name of [
        'forwarded',
        'x-forwarded-for',
        'x-forwarded-proto',
        'x-real-ip',
        'via',
      ]) {
        refused(t, await ask({ [name]: '127.0.0.1' }), 404, 'NOT_FOUND')
      }
    }
  })

  t.test('with a token: whoever bears it, from anywhere', async (t) => {
    const { app } = await build(t, { MONITORING_TOKEN: 'let-me-watch' })
    for (const url of monitored) {
      const ask = (authorization: string) =>
        app.inject({ url, headers: { authorization }, remoteAddress: '192.0.2.1' })
      t.equal((await ask('Bearer let-me-watch')).statusCode, 200)
      refused(t, await ask('Bearer let-me-watch2'), 401, 'INVALID_TOKEN')
      refused(t, await ask('let-me-watch'), 401, 'NO_TOKEN')
      const bare = await app.inject(url)
      refused(t, bare, 401, 'NO_TOKEN')
      t.match(bare.headers['www-authenticate'], /^Bearer /)
    }
  })

  t.test('they count for no limit and no rule, and leave no line above debug', async (t) => {
    const { app, log } = await build(t, {
      LOG_LEVEL: 'info',
      RATE_LIMIT_MAX_REQUESTS: '5',
      ANOMALY_MODE: 'enforce',
    })
    const headers = { 'user-agent': 'Prometheus/3' }
    for (let i = 0; i < 40; i += 1) {
      for (const url of [...monitored, '/health', '/health/ready']) {
        const answer = await app.inject({ url, headers })
        if (answer.statusCode !== 200) t.fail(`${url} answered ${answer.statusCode}`)
        if (answer.headers['ratelimit-limit'] !== undefined) t.fail('it is limited')
      }
    }
    t.equal((await app.inject({ url: '/api/profile', headers })).statusCode, 401)
    t.strictSame(
      log.map(({ msg, route }) => [msg, route]),
      [['request', '/api/profile']],
    )
  })
})

t.test('GET /metrics', async (t) => {
  t.test('counts requests by route pattern, whatever is asked for', async (t) => {
    const { app, signedUp } = await build(t)
    const ada = await signedUp('ada')
    await ada.get('/api/profile?token=secret')
    await ada.get('/api/profile')
    await ada.delete('/api/auth/sessions/one')
    await ada.delete('/api/auth/sessions/two')
    for (let i = 0; i < 20; i += 1) await app.inject(`/made/up/${i}?x=${i}`)
    await app.inject({ method: 'PROPFIND' as 'GET', url: '/made/up' })
    await app.inject('/%zz')
    await app.inject('/health')
    await app.inject('/health/')
    const found = await scrape(app)
    t.equal(found.get(requests('/api/auth/register', 201, 'POST')), 1)
    t.equal(found.get(requests('/api/profile', 200)), 2)
    t.equal(found.get(requests('/api/auth/sessions/:sessionId', 404, 'DELETE')), 2)
    t.equal(found.get(requests('unknown', 404)), 20)
    t.equal(found.get(requests('/health', 200)), 2, 'with and without a slash it is one route')
    const text = [...found.keys()].join('\n')
    t.notMatch(text, /made|secret|PROPFIND|zz/)
    t.notMatch(text, ada.userId)
  })

  t.test('has security events by type, all of them from the start', async (t) => {
    const { app, client, signedUp } = await build(t)
    const event = (type: string) => `gatehouse_security_events_total{type="${type}"}`
    t.equal((await scrape(app)).get(event('token.reuse_detected')), 0)
    await signedUp('ada')
    await client().post('/api/auth/login', { email: 'ada@example.com', password: 'wrong' })
    const found = await scrape(app)
    t.equal(found.get(event('user.registered')), 1)
    t.equal(found.get(event('login.failed')), 1)
    t.equal(found.get('gatehouse_security_events_dropped_total'), 0)
  })

  t.test('has the cache, the hashes and the operations of the store', async (t) => {
    const { app, signedUp } = await build(t)
    t.notOk((await scrape(app)).has('gatehouse_validation_cache_hit_ratio'), 'of nothing')
    const ada = await signedUp('ada')
    for (let i = 0; i < 4; i += 1) await ada.get('/api/profile')
    await ada.post('/api/auth/login', { email: 'ada@example.com', password })
    const found = await scrape(app)
    t.equal(found.get('gatehouse_validation_cache_hits_total'), 3)
    t.equal(found.get('gatehouse_validation_cache_misses_total'), 1)
    t.equal(found.get('gatehouse_validation_cache_hit_ratio'), 0.75)
    t.equal(found.get('gatehouse_validation_cache_entries'), 0, 'the sign-in has emptied it')
    t.equal(found.get('gatehouse_validation_cache_open'), 1)
    t.equal(found.get('gatehouse_invalidation_channel_up'), 1)
    t.equal(found.get('gatehouse_store_up'), 1)
    t.equal(found.get('gatehouse_under_pressure'), 0)
    t.equal(found.get('gatehouse_workers'), 1)
    t.equal(found.get('gatehouse_password_hash_duration_seconds_count'), 2)
    t.equal(found.get('gatehouse_password_hash_queue'), 0)
    const operations = (name: string) =>
      found.get(`gatehouse_store_operation_duration_seconds_count{operation="${name}"}`)
    t.equal(operations('accounts.create'), 1)
    t.equal(operations('sessions.start'), 2)
    t.equal(operations('sessions.find'), 1, 'a hit of the cache asks the store for nothing')
    t.ok((found.get('process_resident_memory_bytes') ?? 0) > 1e6)
    t.ok(found.has('nodejs_eventloop_lag_p99_seconds'))
  })

  t.test('has what failed while the store was away', async (t) => {
    const redis = await startRedis(t)
    const { app, signedUp } = await build(t, { REDIS_URL: redis.url })
    const ada = await signedUp('ada')
    await redis.stop()
    t.equal((await ada.post('/api/auth/refresh')).statusCode, 503)
    const found = await scrape(app)
    t.equal(found.get('gatehouse_store_failures_total{operation="sessions.rotate"}'), 1)
    t.equal(found.get('gatehouse_store_failures_total{operation="sessions.start"}'), 0)
    t.equal(found.get('gatehouse_store_up'), 0)
    await redis.start()
    await eventually(async () => (await scrape(app)).get('gatehouse_store_up') === 1)
  })

  t.test('has a line in docs/metrics.md for each, and none for others', async (t) => {
    const { app } = await build(t)
    const { body } = await app.inject('/metrics')
    const names = [...body.matchAll(/^# TYPE (gatehouse_\w+)/gm)].map(([, name]) => name)
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    const listed = [...page.matchAll(/^\| `(gatehouse_\w+)`/gm)].map(([, name]) => name)
    t.strictSame(listed.sort(), names.sort())
  })
})

t.test('GET /health/detailed', async (t) => {
  t.test('tells how process and store are', async (t) => {
    const redis = await startRedis(t)
    for (const variables of [{}, { REDIS_URL: redis.url }]) {
      const { app, signedUp } = await build(t, variables)
      await eventually(async () => (await app.inject('/health/ready')).statusCode === 200)
      const ada = await signedUp('ada')
      await ada.get('/api/profile')
      const answer = await app.inject('/health/detailed')
      t.equal(answer.statusCode, 200)
      const { data, ...top } = answer.json()
      t.match(top, data, 'beside the envelope as well')
      const isRedis = 'REDIS_URL' in variables
      t.match(data, {
        status: 'ok',
        version: /^\d+\./,
        uptime: Number,
        store: {
          state: 'ok',
          kind: isRedis ? 'redis' : 'embedded',
          role: isRedis ? 'master' : 'embedded',
          latencyMs: Number,
          channel: true,
        },
        memory: { rss: Number, heapUsed: Number, heapTotal: Number, external: Number },
        cpu: { user: Number, system: Number, cores: Number },
        eventLoop: { delayMs: Number, utilization: Number, pressure: false },
        load: [Number, Number, Number],
        cache: { open: true, size: Number, hits: 0, misses: 1 },
        mail: {
          transport: String,
          waiting: Number,
          sent: Number,
          failed: 0,
          dropped: 0,
          lastFailureAt: null,
        },
        passwords: { active: 0, queued: 0 },
        events: { waiting: Number, dropped: 0 },
        workers: { configured: 1, ready: 1, died: 0 },
      })
    }
  })

  t.test('tells a replica from a master, and a store that is away', async (t) => {
    const redis = await startRedis(t)
    const { app } = await build(t, { REDIS_URL: redis.url })
    const store = async () => (await app.inject('/health/detailed')).json().store
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    t.match(await store(), { role: 'slave', state: 'unavailable', latencyMs: null })
    await redis.stop()
    t.match(await store(), { role: null, state: 'unavailable' })
  })
})

t.test('what the start itself costs is no pressure', async (t) => {
  // A share of time that the asking alone takes.
  const { app } = await build(t, { PRESSURE_MAX_ELU: '0.000001' })
  await listen(app)
  const start = performance.now()
  await eventually(async () => (await app.inject('/health/ready')).statusCode === 503)
  t.ok(performance.now() - start > 1_500)
  refused(t, await app.inject('/health/ready'), 503, 'UNDER_PRESSURE')
  refused(t, await app.inject('/api/profile'), 503, 'UNDER_PRESSURE')
  t.match((await app.inject('/metrics')).body, /^gatehouse_under_pressure 1$/m)
})
