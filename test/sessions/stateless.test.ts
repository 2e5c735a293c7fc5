import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Identity } from '../../src/sessions/identity.js'
import { createAnnouncer } from '../../src/sessions/invalidation.js'
import { createLastKnown } from '../../src/sessions/last-known.js'
import type { Reading } from '../../src/sessions/validation-cache.js'
import { embed } from '../library/host.js'
import { refused } from '../support/answers.js'
import { build, eventually } from '../support/app.js'
import type { Client } from '../support/client.js'
import { elapse } from '../support/clock.js'
import { type RedisServer, startRedis } from '../support/redis.js'

const stateless = (redis: RedisServer) => ({
  REDIS_URL: redis.url,
  STORE_OUTAGE_MODE: 'stateless',
})
/** The cache goes on for a moment after the store is gone; what is tested comes after it. */
const cacheIsClosed = (app: FastifyInstance) =>
  eventually(async () => !app.sessions.cache.stats().open)
const cacheIsOpen = (app: FastifyInstance) =>
  eventually(async () => app.sessions.cache.stats().open)

/** A sign-in is announced, and what was read before its message has come is not kept: until then, again. */
const accepted = (app: FastifyInstance, device: Pick<Client, 'get'>) =>
  eventually(async () => {
    const { hits } = app.sessions.cache.stats()
    t.equal((await device.get('/api/profile')).statusCode, 200)
    return app.sessions.cache.stats().hits > hits
  })

for (const [how, begin, end] of [
  ['stopped', (redis: RedisServer) => redis.stop(), (redis: RedisServer) => redis.start()],
  [
    'hanging',
    (redis: RedisServer) => redis.kill('SIGSTOP'),
    (redis: RedisServer) => redis.kill('SIGCONT'),
  ],
] as const) {
  t.test(`with Redis ${how}, a token that was accepted before goes on reading`, async (t) => {
    const redis = await startRedis(t, { durable: true })
    const { app, client, signedUp, signedIn } = await build(t, {
      ...stateless(redis),
      ACCESS_TOKEN_ROTATION: 'auto',
    })
    await cacheIsOpen(app)
    const ada = await signedUp('ada')
    const unseen = await signedIn('ada')
    await accepted(app, ada)
    const before = (await ada.get('/api/profile')).json()
    const atOnce = await signedIn('ada')
    t.equal((await atOnce.get('/api/profile')).statusCode, 200)
    await begin(redis)
    await cacheIsClosed(app)

    for (const url of ['/api/profile', '/api/auth/session']) {
      const answer = await ada.get(url)
      t.equal(answer.statusCode, 200, `${url}: ${answer.body}`)
      t.strictSame(answer.json().data.user.email, before.data.user.email)
    }
    t.equal((await atOnce.get('/api/profile')).statusCode, 200, 'a moment after a sign-in too')
    refused(t, await ada.get('/api/auth/sessions'), 503, 'STORE_UNAVAILABLE')
    refused(t, await ada.post('/api/auth/refresh'), 503, 'STORE_UNAVAILABLE')
    refused(t, await unseen.get('/api/profile'), 503, 'STORE_UNAVAILABLE')
    const forged = { authorization: 'Bearer a.b.c' }
    refused(t, await client().get('/api/profile', forged), 401, 'INVALID_TOKEN')
    refused(t, await client().get('/api/profile'), 401, 'NO_TOKEN')

    await t.test('until it expires, and nobody makes it last longer', async (t) => {
      const cookies = Object.entries(ada.cookies('/'))
      const cookie = cookies.map((pair) => pair.join('=')).join('; ')
      elapse(t, 13 * 60_000)
      const late = await client().get('/api/profile', { cookie })
      t.equal(late.statusCode, 200)
      t.notOk('set-cookie' in late.headers)
      elapse(t, 3 * 60_000)
      refused(t, await client().get('/api/profile', { cookie }), 401, 'TOKEN_EXPIRED', {
        requiresRefresh: true,
      })
    })

    // Whether it has ended is not known then, so the token stands for nobody.
    refused(t, await ada.post('/api/auth/logout'), 503, 'STORE_UNAVAILABLE')
    refused(t, await ada.get('/api/profile'), 503, 'STORE_UNAVAILABLE')

    await end(redis)
    await cacheIsOpen(app)
    // What was sent while it hung may prove the channel before the commands' connection is dialled anew.
    await eventually(async () => (await unseen.get('/api/profile')).statusCode === 200)
  })
}

t.test('what was heard to be revoked before the outage is not known in it', async (t) => {
  const redis = await startRedis(t)
  const prefix = { REDIS_KEY_PREFIX: 'shared:' }
  const here = await build(t, { ...stateless(redis), ...prefix })
  const there = await build(t, { ...stateless(redis), ...prefix })
  await Promise.all([cacheIsOpen(here.app), cacheIsOpen(there.app)])
  const ada = await here.signedUp('ada')
  const grace = await here.signedUp('grace')
  const bearer = { authorization: `Bearer ${ada.cookies('/').access_token}` }
  for (const device of [ada, grace]) await accepted(here.app, device)
  t.equal((await there.client().post('/api/auth/logout-all', undefined, bearer)).statusCode, 200)
  await eventually(async () => (await here.client().get('/api/profile', bearer)).statusCode === 401)
  await redis.stop()
  await cacheIsClosed(here.app)
  refused(t, await here.client().get('/api/profile', bearer), 503, 'STORE_UNAVAILABLE')
  t.equal((await grace.get('/api/profile')).statusCode, 200, 'others are')
  await redis.start()
})

t.test('what was accepted before one outage alone is not known in the next', async (t) => {
  const redis = await startRedis(t, { durable: true })
  const { app, signedUp } = await build(t, stateless(redis))
  await cacheIsOpen(app)
  const ada = await signedUp('ada')
  await accepted(app, ada)
  for (const status of [200, 503]) {
    await redis.stop()
    await cacheIsClosed(app)
    t.equal((await ada.get('/api/profile')).statusCode, status)
    await redis.start()
    await cacheIsOpen(app)
  }
  t.equal((await ada.get('/api/profile')).statusCode, 200, 'but it is good')
})

t.test("a host's own routes are served, where no role is asked for", async (t) => {
  const redis = await startRedis(t)
  const { app, signedUp } = await embed(t, { variables: stateless(redis) })
  const own = (url: string, roles?: ('user' | 'admin')[]) => {
    const onRequest = [app.authenticate, ...(roles ? [app.authorize(roles)] : [])]
    app.get(url, { onRequest }, async ({ user }) => ({ unconfirmed: user.unconfirmed ?? false }))
  }
  own('/own')
  own('/everybody', ['user', 'admin'])
  own('/admins', ['admin'])
  await eventually(async () => (await app.inject('/health/ready')).statusCode === 200)
  const ada = await signedUp('ada')
  await eventually(async () => {
    t.strictSame((await ada.get('/own')).json(), { unconfirmed: false })
    return /^gatehouse_validation_cache_hits_total [1-9]/m.test((await ada.get('/metrics')).body)
  })
  await redis.stop()
  await eventually(async () => (await ada.get('/own')).json().unconfirmed === true)
  t.strictSame((await ada.get('/everybody')).json(), { unconfirmed: true })
  refused(t, await ada.get('/admins'), 503, 'STORE_UNAVAILABLE')
})

t.test('what is remembered', async (t) => {
  const identity = (userId: string, sessionId: string) =>
    ({ userId, session: { sessionId } }) as Identity
  const reading = (userId: string, sid: string): Reading => ({ userId, sid, overtaken: 'no' })
  const setUp = (max = 10) => {
    const { announce, listen, lost, restored } = createAnnouncer()
    const known = createLastKnown({ listen, isProved: () => true }, max)
    const put = (token: string, userId = 'ada', sid = token) =>
      known.put(reading(userId, sid), token, identity(userId, sid))
    return { announce, lost, restored, known, put }
  }

  t.test('is bounded', async (t) => {
    const { known, put } = setUp(2)
    for (const token of ['one', 'two', 'three']) put(token)
    t.strictSame(
      ['one', 'two', 'three'].map((token) => known.get(token)?.session.sessionId),
      [undefined, 'two', 'three'],
    )
  })

  t.test('is forgotten by session, by account and by token', async (t) => {
    const { announce, known, put } = setUp()
    for (const token of ['one', 'two', 'three']) put(token)
    put('other', 'grace')
    announce({ userId: 'ada', sid: 'one' })
    t.notOk(known.get('one'))
    t.ok(known.get('two'))
    known.forget('two')
    t.notOk(known.get('two'))
    announce({ userId: 'ada' })
    t.notOk(known.get('three'))
    t.ok(known.get('other'))
  })

  t.test('is nothing that was revoked while it was read', async (t) => {
    const { known } = setUp()
    known.put({ ...reading('ada', 'one'), overtaken: 'revoked' }, 'one', identity('ada', 'one'))
    t.notOk(known.get('one'))
  })

  t.test('survives a further sign-in, which ends nothing', async (t) => {
    const { announce, known, put } = setUp()
    put('one')
    announce({ userId: 'ada', endsNothing: true })
    t.ok(known.get('one'))
    known.put({ ...reading('ada', 'two'), overtaken: 'outdated' }, 'two', identity('ada', 'two'))
    t.ok(known.get('two'))
  })

  t.test('outlives the loss of the channel, but not an answer of the store after it', async (t) => {
    const { lost, known, put } = setUp()
    put('one')
    lost()
    t.ok(known.get('one'))
    put('two')
    t.notOk(known.get('one'), 'a revocation may have been missed')
    t.ok(known.get('two'))
  })
})
