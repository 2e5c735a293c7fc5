import t from 'tap'
import { inRedis } from '../support/accounts.js'
import { refused } from '../support/answers.js'
import { build, type Device, secrets } from '../support/app.js'
import { elapse } from '../support/clock.js'
import { readJws, signJws } from '../support/jws.js'
import { startRedis } from '../support/redis.js'

const minute = 60_000

/** The routes for the signed in that change nothing. */
const routes = ['/api/auth/session', '/api/profile']

const accessToken = (device: Device): string => device.cookies().access_token ?? ''

t.test('GET /api/auth/session tells who is signed in, and until when', async (t) => {
  const { signedUp } = await build(t)
  const ada = await signedUp('ada')
  const answer = await ada.get('/api/auth/session')
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  const { user, session } = answer.json().data
  t.strictSame(answer.json(), { success: true, message: 'Signed in', data: { user, session } })
  t.match(user, { userId: ada.userId, email: 'ada@example.com', role: 'user' })
  const { sessionId, createdAt, expiresAt, accessExpiresAt, ...more } = session
  t.strictSame(more, {})
  t.equal(sessionId, ada.sessionId)
  const { exp } = readJws(accessToken(ada)).claims
  t.equal(Date.parse(accessExpiresAt), Number(exp) * 1000)
  t.equal(Date.parse(expiresAt) - Date.parse(createdAt), 7 * 24 * 60 * minute)
})

t.test('GET /api/profile shows the account, and no more of it than anybody may see', async (t) => {
  const { signedUp } = await build(t)
  const ada = await signedUp('ada')
  const answer = await ada.get('/api/profile')
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  const { user } = answer.json().data
  t.strictSame(answer.json(), { success: true, message: 'Your profile', data: { user } })
  t.strictSame(
    Object.keys(user),
    ['userId', 'email', 'name', 'role', 'emailVerified', 'createdAt', 'lastLoginAt'],
    'no hash',
  )
  t.match(user, { userId: ada.userId, email: 'ada@example.com', name: 'ada', role: 'user' })
})

t.test('routes for the signed in', async (t) => {
  const { client, signedUp, signedIn } = await build(t)
  const ada = await signedUp('ada')

  for (const url of routes) {
    t.test(`${url} asks whoever brings no token to sign in`, async (t) => {
      for (const headers of [{}, { cookie: 'access_token=' }, { authorization: 'Basic YTpi' }]) {
        const answer = await client().get(url, headers)
        refused(t, answer, 401, 'NO_TOKEN')
        t.equal(answer.headers['www-authenticate'], 'Bearer realm="gatehouse"')
        t.notOk('set-cookie' in answer.headers)
      }
    })

    t.test(`${url} takes the token from the cookie or the header`, async (t) => {
      const token = accessToken(ada)
      for (const headers of [
        { cookie: `other=1; access_token=${token}; more=2` },
        { authorization: `Bearer ${token}` },
        { authorization: `bearer   ${token} ` },
        { cookie: `access_token=${token}`, authorization: 'Basic YTpi' },
      ]) {
        t.equal((await client().get(url, headers)).statusCode, 200)
      }
    })

    t.test(`${url} believes the header where a cookie comes with it`, async (t) => {
      const bob = url === routes[0] ? await signedUp('bob') : await signedIn('bob')
      const answer = await ada.get(url, { authorization: `Bearer ${accessToken(bob)}` })
      t.equal(answer.json().data.user.userId, bob.userId)
      refused(t, await ada.get(url, { authorization: 'Bearer odd' }), 401, 'INVALID_TOKEN')
    })

    t.test(`${url} refuses tokens that are not good, and clears no cookie`, async (t) => {
      const { header, claims } = readJws(accessToken(ada))
      const { JWT_SECRET: secret, JWT_REFRESH_SECRET: refreshSecret } = secrets
      const odd = {
        text: 'odd',
        forged: signJws(header, claims, refreshSecret),
        'a refresh token': ada.cookies().refresh_token ?? '',
        'another role': signJws(header, { ...claims, role: 'root' }, secret),
        'of nobody': signJws(header, { ...claims, sub: 'nobody' }, secret),
        'of no session': signJws(header, { ...claims, sid: 'none' }, secret),
      }
      for (const [what, token] of Object.entries(odd)) {
        for (const headers of [
          { authorization: `Bearer ${token}` },
          { cookie: `access_token=${token}` },
        ]) {
          const answer = await client().get(url, headers)
          refused(t, answer, 401, 'INVALID_TOKEN')
          const challenge = 'Bearer realm="gatehouse", error="invalid_token"'
          t.equal(answer.headers['www-authenticate'], challenge, what)
          t.notOk('set-cookie' in answer.headers)
        }
      }
    })

    t.test(`${url} tells that a token has expired, and what to do about it`, async (t) => {
      const device = await signedIn('ada')
      const token = accessToken(device)
      const ask = () => client().get(url, { cookie: `access_token=${token}` })
      elapse(t, 15 * minute + 5_000)
      t.equal((await ask()).statusCode, 200, 'not yet: clocks differ')
      elapse(t, 10_000)
      const answer = await ask()
      refused(t, answer, 401, 'TOKEN_EXPIRED', { requiresRefresh: true })
      t.match(answer.headers['www-authenticate'], /error="invalid_token"/)
      t.notOk('set-cookie' in answer.headers)
      t.equal((await device.post('/api/auth/refresh')).statusCode, 200)
      t.equal((await device.get(url)).statusCode, 200)
    })

    t.test(`${url} takes the good one of several cookies, in whatever order`, async (t) => {
      const gone = await signedIn('ada')
      const dead = accessToken(gone)
      await gone.post('/api/auth/logout')
      const ask = (...tokens: string[]) =>
        client().get(url, {
          cookie: tokens.map((token) => `access_token=${token}`).join('; '),
        })
      const device = await signedIn('ada')
      const good = accessToken(device)
      for (const tokens of [
        [dead, good],
        [good, dead],
        ['odd', dead, good],
      ]) {
        t.equal((await ask(...tokens)).json().data?.user.userId, ada.userId)
      }
      refused(t, await ask(dead, 'odd'), 401, 'INVALID_TOKEN')
      elapse(t, 16 * minute)
      refused(t, await ask(dead, good), 401, 'TOKEN_EXPIRED', { requiresRefresh: true })
    })

    t.test(`${url} takes a token in the one spelling that it was made in`, async (t) => {
      const token = accessToken(await signedIn('ada'))
      // The last character of a 32-byte signature has two bits to spare.
      const twin = token.slice(0, -1) + nextCharacter(token.slice(-1))
      const signature = (of: string) => Buffer.from(of.split('.')[2] ?? '', 'base64url')
      t.strictSame(signature(twin), signature(token))
      t.equal((await client().get(url, { authorization: `Bearer ${token}` })).statusCode, 200)
      refused(t, await client().get(url, { authorization: `Bearer ${twin}` }), 401, 'INVALID_TOKEN')
    })
  }

  t.test('are told to HEAD too, without a body', async (t) => {
    const answer = await ada.get('/api/profile')
    const { app } = await build(t)
    const head = await app.inject({ method: 'HEAD', url: '/api/profile' })
    t.equal(head.statusCode, 401)
    t.equal(head.body, '')
    t.equal(answer.statusCode, 200)
  })
})

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const nextCharacter = (character: string): string =>
  base64url[base64url.indexOf(character) + 1] ?? ''

t.test('a route of somebody else', async (t) => {
  const redis = await startRedis(t)
  const built = await build(t, { REDIS_URL: redis.url })
  const { app, signedUp, signedIn, client } = built
  app.get('/open', async ({ user }) => user)
  app.register(async (scope) => {
    scope.addHook('onRequest', app.authenticate)
    scope.get('/guarded', async ({ user: { userId, role } }) => ({ userId, role }))
    scope.get('/guarded/admin', { onRequest: app.authorize(['admin']) }, async () => 'secret')
  })
  const ada = await signedUp('ada')

  t.test('is guarded by app.authenticate, and has request.user', async (t) => {
    refused(t, await client().get('/guarded'), 401, 'NO_TOKEN')
    const answer = await ada.get('/guarded')
    t.strictSame(answer.json(), { userId: ada.userId, role: 'user' })
  })

  t.test('has no request.user without the guard, and leaks nothing by it', async (t) => {
    refused(t, await ada.get('/open'), 401, 'NO_TOKEN')
  })

  t.test('is for certain roles by app.authorize', async (t) => {
    refused(t, await client().get('/guarded/admin'), 401, 'NO_TOKEN')
    refused(t, await ada.get('/guarded/admin'), 403, 'INSUFFICIENT_PERMISSIONS', {
      requiredRoles: ['admin'],
      userRole: 'user',
    })
    await inRedis(built, redis).promote(ada)
    const again = await signedIn('ada')
    t.equal((await again.get('/guarded/admin')).body, 'secret')
  })
})
