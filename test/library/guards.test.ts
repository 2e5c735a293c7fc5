import Fastify from 'fastify'
import t from 'tap'
import { inRedis } from '../support/accounts.js'
import { eventually } from '../support/app.js'
import { elapse } from '../support/clock.js'
import { readJws } from '../support/jws.js'
import { startRedis } from '../support/redis.js'
import { refusedBy } from '../verifier/service.js'
import { embed, type HostOptions } from './host.js'

const minute = 60_000

/** A host with routes for everybody, for the signed in and for admins. */
const withRoutes = async (t: Parameters<typeof embed>[0], options?: HostOptions) => {
  const host = await embed(t, options)
  const { app } = host
  const narrow = { 200: {}, '4xx': { type: 'object', properties: { own: { type: 'string' } } } }
  app.get('/mine', { onRequest: app.authenticate }, async ({ user }) => user)
  app.get('/raised', { onRequest: app.authenticate }, async ({ user }) => {
    user.role = 'admin'
    Reflect.deleteProperty(user.session, 'sessionId')
    return user
  })
  app.get(
    '/narrow',
    { onRequest: app.authenticate, schema: { response: narrow } },
    async () => ({}),
  )
  app.get('/open', async ({ user }) => user)
  const admins = { onRequest: [app.authenticate, app.authorize(['admin'])] }
  app.get('/reports', admins, async () => 'for admins')
  app.get('/careless', { onRequest: app.authorize(['admin']) }, async () => 'nobody')
  return host
}

t.test("a host's guarded route", async (t) => {
  const { app, signedUp } = await withRoutes(t)
  const ada = await signedUp('ada')

  t.test('knows who is asking', async (t) => {
    const { userId, session, ...rest } = (await ada.get('/mine')).json()
    t.match(rest, { email: 'ada@example.com', name: 'ada', role: 'user', emailVerified: false })
    t.notOk('passwordHash' in rest)
    const { sub, sid, exp } = readJws(ada.cookies('/').access_token).claims
    t.strictSame(
      [userId, session.sessionId, session.accessExpiresAt],
      [sub, sid, Number(exp) * 1000],
    )
    t.equal((await ada.get('/narrow')).statusCode, 200)
  })

  t.test('takes a Bearer token too', async (t) => {
    const headers = { authorization: `Bearer ${ada.cookies('/').access_token}` }
    t.equal((await app.inject({ url: '/mine', headers })).statusCode, 200)
  })

  t.test('refuses everybody else in the envelope', async (t) => {
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
    for (const url of ['/mine', '/narrow', '/reports', '/careless']) {
      refusedBy(t, await app.inject(url), 401, 'NO_TOKEN')
    }
    for (const url of ['/mine', '/narrow', '/reports']) {
      const answer = await app.inject({ url, ...bearer('odd') })
      refusedBy(t, answer, 401, 'INVALID_TOKEN')
      t.match(answer.headers['www-authenticate'], /error="invalid_token"$/)
    }
    const extras = { requiredRoles: ['admin'], userRole: 'user' }
    refusedBy(t, await ada.get('/reports'), 403, 'INSUFFICIENT_PERMISSIONS', extras)
  })

  t.test('may write on who is asking, for that request alone', async (t) => {
    t.equal((await ada.get('/raised')).json().role, 'admin')
    const { role, session } = (await ada.get('/mine')).json()
    t.equal(role, 'user')
    t.ok('sessionId' in session)
    t.equal((await ada.get('/reports')).statusCode, 403)
    t.equal((await ada.get('/api/admin/users')).statusCode, 403)
    t.equal((await ada.get('/api/profile')).json().data.user.role, 'user')
  })

  t.test('refuses a session that has ended', async (t) => {
    const bob = await signedUp('bob')
    t.equal((await bob.get('/mine')).statusCode, 200)
    const cookie = `access_token=${bob.cookies('/').access_token}`
    await bob.post('/api/auth/logout')
    refusedBy(t, await app.inject({ url: '/mine', headers: { cookie } }), 401, 'INVALID_TOKEN')
  })

  t.test('asks for a refresh of an expired token', async (t) => {
    const token = ada.cookies('/').access_token
    elapse(t, 16 * minute)
    const answer = await app.inject({ url: '/mine', headers: { cookie: `access_token=${token}` } })
    refusedBy(t, answer, 401, 'TOKEN_EXPIRED', { requiresRefresh: true })
  })

  t.test('has to be guarded before it asks who it is', async (t) => {
    const answer = await ada.get('/open')
    t.equal(answer.statusCode, 401, 'a status that its own error handler understands')
    t.match(answer.json(), { code: 'NO_TOKEN', statusCode: 401 })
  })
})

t.test("a host's hook can't write on who asks a route of ours", async (t) => {
  const { signedUp } = await embed(t, {
    before: (app) => {
      app.addHook('preHandler', async (request) => {
        if ('x-raise' in request.headers) request.user.role = 'admin'
        if ('x-prolong' in request.headers) Object.assign(request.user.session, { expiresAt: 0 })
      })
    },
  })
  const ada = await signedUp('ada')
  const session = (await ada.get('/api/auth/session')).json()
  for (const header of ['x-raise', 'x-prolong']) {
    const answer = await ada.get('/api/auth/session', { [header]: '1' })
    refusedBy(t, answer, 500, 'INTERNAL_ERROR')
  }
  t.equal((await ada.get('/api/admin/users')).statusCode, 403)
  t.strictSame((await ada.get('/api/auth/session')).json(), session)
})

t.test('whatever error handler the host has', async (t) => {
  const { app, signedUp } = await withRoutes(t, {
    before: (app) => app.setErrorHandler((_error, _request, reply) => reply.code(418).send('own')),
  })
  const ada = await signedUp('ada')
  refusedBy(t, await app.inject('/mine'), 401, 'NO_TOKEN')
  const extras = { requiredRoles: ['admin'], userRole: 'user' }
  refusedBy(t, await ada.get('/reports'), 403, 'INSUFFICIENT_PERMISSIONS', extras)
})

t.test('on Redis', async (t) => {
  const redis = await startRedis(t)
  const { app, config, signedUp } = await withRoutes(t, { variables: { REDIS_URL: redis.url } })
  await eventually(async () => (await app.inject('/health/ready')).statusCode === 200)

  t.test('an admin gets through', async (t) => {
    const eve = await signedUp('eve')
    const { sub } = readJws(eve.cookies('/').access_token).claims
    await inRedis({ config }, redis).promote(
      Object.assign(eve, { userId: String(sub), sessionId: '' }),
    )
    t.equal((await eve.get('/reports')).body, 'for admins')
  })

  t.test('without it nobody does, and nobody is signed out', async (t) => {
    const ada = await signedUp('ada')
    await redis.stop()
    await eventually(async () => (await ada.get('/mine')).statusCode === 503)
    const answer = await ada.get('/mine')
    refusedBy(t, answer, 503, 'STORE_UNAVAILABLE')
    t.notOk('set-cookie' in answer.headers)
  })
})

t.test('tokens are renewed on its routes too', async (t) => {
  t.test('by a hint', async (t) => {
    const { signedUp } = await withRoutes(t)
    const ada = await signedUp('ada')
    t.notOk('x-token-refresh-required' in (await ada.get('/mine')).headers)
    elapse(t, 11 * minute)
    const answer = await ada.get('/mine')
    t.equal(answer.headers['x-token-refresh-required'], 'true')
    t.notOk('set-cookie' in answer.headers)
  })

  t.test('or by a new one, the way in which the old one came', async (t) => {
    const { app, signedUp } = await withRoutes(t, { variables: { ACCESS_TOKEN_ROTATION: 'auto' } })
    const ada = await signedUp('ada')
    const old = ada.cookies('/').access_token
    elapse(t, 11 * minute)
    const answer = await ada.get('/mine')
    t.match(answer.cookies, [
      { name: 'access_token', path: '/', httpOnly: true, sameSite: 'Strict' },
    ])
    t.not(ada.cookies('/').access_token, old)
    const bearer = await app.inject({ url: '/mine', headers: { authorization: `Bearer ${old}` } })
    const renewed = readJws(String(bearer.headers['x-new-token'])).claims
    t.equal(renewed.sid, readJws(old).claims.sid)
    t.ok(Number(renewed.exp) > Number(readJws(old).claims.exp))
    t.notOk('set-cookie' in bearer.headers)
  })
})

t.test("a failure that is nobody's is told to nobody", async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const { lendGuards } = await import('../../plugins/guards.js')
  lendGuards(app, { identify: () => Promise.reject(new Error('redis://user:password@host')) })
  app.get('/mine', { onRequest: app.authenticate }, async () => 'mine')
  const answer = await app.inject('/mine')
  refusedBy(t, answer, 500, 'INTERNAL_ERROR')
  t.notMatch(answer.body, 'redis')
})
