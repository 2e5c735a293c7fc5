import t from 'tap'
import { inRedis } from '../../support/accounts.js'
import { cookieChanges, invalid, refused } from '../../support/answers.js'
import { build, password, person } from '../../support/app.js'
import { elapse } from '../../support/clock.js'
import { startRedis } from '../../support/redis.js'

const url = '/api/auth/login'

t.test('POST /api/auth/login', async (t) => {
  const { client, signedUp, log } = await build(t)
  const ada = await signedUp('ada')
  const email = 'ada@example.com'

  t.test('signs in, with cookies and no token in the body', async (t) => {
    const device = client()
    const answer = await device.post(url, { email, password })
    t.equal(answer.statusCode, 200)
    const { data } = answer.json()
    t.strictSame(answer.json(), { success: true, message: 'Signed in', data })
    t.strictSame(Object.keys(data), ['user', 'expiresIn'])
    t.match(data, { user: { userId: ada.userId, email, name: 'ada' }, expiresIn: 900 })
    t.strictSame(cookieChanges(answer), { set: ['access_token', 'refresh_token'], cleared: [] })
    t.equal((await device.get('/api/profile')).statusCode, 200)
  })

  t.test('hands the tokens out in the body where the client asks for it', async (t) => {
    const answer = await client().post(url, { email, password }, { 'x-token-delivery': 'body' })
    t.match(answer.json().data, { accessToken: /^ey/, refreshToken: /^ey/ })
    t.notOk('set-cookie' in answer.headers)
  })

  t.test('takes the email in any case, and with blanks around it', async (t) => {
    const answer = await client().post(url, { email: ' ADA@Example.com\t', password })
    t.equal(answer.json().data.user.email, email)
  })

  t.test('notes when it was', async (t) => {
    elapse(t, 60_000)
    const first = await client().post(url, { email, password })
    elapse(t, 60_000)
    const second = await client().post(url, { email, password })
    const [before = 0, after = 0] = [first, second].map((answer) =>
      Date.parse(answer.json().data.user.lastLoginAt),
    )
    t.ok(after - before >= 60_000)
  })

  t.test('gives a wrong password and an unknown email the same answer', async (t) => {
    const wrong = await client().post(url, { email, password: 'Wrong-Onion-31' })
    const unknown = await client().post(url, { email: 'nobody@example.com', password })
    for (const answer of [wrong, unknown]) {
      refused(t, answer, 401, 'INVALID_CREDENTIALS')
      t.notOk('set-cookie' in answer.headers)
    }
    t.equal(wrong.json().message, unknown.json().message)
    t.strictSame(Object.keys(wrong.headers), Object.keys(unknown.headers))
    const failures = log.filter(({ event }) => event === 'login.failed')
    t.match(failures, [{ userId: ada.userId }, { reason: 'invalid_credentials' }])
    t.notOk(failures[1] && 'userId' in failures[1])
  })

  t.test('refuses what can be no email and no password', async (t) => {
    invalid(t, await client().post(url, { email: 'ada', password }), ['email'])
    invalid(t, await client().post(url, { email, password: '' }), ['password'])
    invalid(t, await client().post(url, { email: [email], password }), ['email'])
    invalid(t, await client().post(url, { email: null, password: 1 }), ['email', 'password'])
    invalid(t, await client().post(url, { email, password, remember: true }), ['remember'])
    invalid(t, await client().post(url), ['body'])
    const halfCharacter = `{"email":"${email}","password":"Glass-Onion-31\\ud800"}`
    invalid(t, await client().post(url, halfCharacter), ['password'])
  })
})

t.test('past the cap of sessions a sign-in ends the oldest one', async (t) => {
  const { signedUp, signedIn } = await build(t, { SESSIONS_PER_USER: '2' })
  const [first, second, third] = [
    await signedUp('ada'),
    await signedIn('ada'),
    await signedIn('ada'),
  ]
  refused(t, await first.get('/api/profile'), 401, 'INVALID_TOKEN')
  refused(t, await first.post('/api/auth/refresh'), 403, 'INVALID_REFRESH_TOKEN')
  t.equal((await second.get('/api/profile')).statusCode, 200)
  t.equal((await third.get('/api/profile')).statusCode, 200)
})

t.test('a deactivated account', async (t) => {
  const redis = await startRedis(t)
  const built = await build(t, { REDIS_URL: redis.url })
  const { client, signedUp } = built
  const { deactivate, activate } = inRedis(built, redis)
  const ada = await signedUp('ada')
  const { email } = person('ada')
  await deactivate(ada)

  t.test('is told so to whoever knows its password', async (t) => {
    refused(t, await client().post(url, { email, password }), 401, 'ACCOUNT_DEACTIVATED')
    const wrong = await client().post(url, { email, password: 'Wrong-Onion-31' })
    refused(t, wrong, 401, 'INVALID_CREDENTIALS')
  })

  t.test('signs in again once it is activated', async (t) => {
    await activate(ada)
    t.equal((await client().post(url, { email, password })).statusCode, 200)
  })
})

t.test('a hash with other parameters is renewed at the next sign-in', async (t) => {
  const redis = await startRedis(t)
  const shared = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'shared:' }
  const old = await build(t, shared)
  const ada = await old.signedUp('ada')
  const { salt } = inRedis(old, redis)
  t.match(await salt(ada), /m=64,/)
  const renewed = await build(t, { ...shared, ARGON2_MEMORY_KIB: '128' })
  const wrong = await renewed
    .client()
    .post(url, { ...person('ada'), name: undefined, password: 'x' })
  t.equal(wrong.statusCode, 401)
  t.match(await salt(ada), /m=64,/, 'not by a wrong password')
  await renewed.signedIn('ada')
  t.match(await salt(ada), /m=128,/)
  await renewed.signedIn('ada')
})

t.test('an account that changes while its password is checked', async (t) => {
  const { app, client, signedUp } = await build(t)
  await signedUp('ada')
  const { email } = person('ada')
  const { sessions } = app.stores
  const { start } = sessions

  t.test('is checked once more', async (t) => {
    let calls = 0
    sessions.start = async (wanted) => (++calls === 1 ? 'account_changed' : start(wanted))
    t.equal((await client().post(url, { email, password })).statusCode, 200)
    t.equal(calls, 2)
  })

  t.test('and refused if it changes again', async (t) => {
    sessions.start = async () => 'account_changed'
    refused(t, await client().post(url, { email, password }), 401, 'INVALID_CREDENTIALS')
  })
})

t.test('with every place at the hasher taken', async (t) => {
  const { client, signedUp } = await build(t, {
    HASH_CONCURRENCY: '1',
    HASH_QUEUE_MAX: '0',
    // Long enough for others to come meanwhile.
    ARGON2_MEMORY_KIB: '65536',
  })
  await signedUp('ada')
  const { email } = person('ada')
  const register = { url: '/api/auth/register', body: person('bob') }

  for (const { url: path, body } of [{ url, body: { email, password } }, register]) {
    t.test(`${path} answers at once that it has too much to do`, async (t) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => client().post(path, body)))
      const overloaded = answers.filter(({ statusCode }) => statusCode === 503)
      t.ok(overloaded.length > 0)
      for (const answer of overloaded) {
        refused(t, answer, 503, 'OVERLOADED')
        t.notOk('set-cookie' in answer.headers)
      }
      t.ok(answers.some(({ statusCode }) => statusCode < 300))
    })
  }
})
