import t from 'tap'
import { signedUpAdmin } from '../../support/accounts.js'
import { cookieChanges, invalid, refused } from '../../support/answers.js'
import { build, eventually, password, person } from '../../support/app.js'

const url = '/api/profile'

t.test('PATCH /api/profile', async (t) => {
  const { signedUp, signedIn, app } = await build(t)
  const ada = await signedUp('ada')
  const other = await signedIn('ada')

  t.test('gives another name, on every device at once', async (t) => {
    t.equal((await other.get(url)).json().data.user.name, 'ada')
    const answer = await ada.patch(url, { name: '  Ada  Łovelace 王 ' })
    const { user } = answer.json().data
    t.strictSame(answer.json(), { success: true, message: 'Profile changed', data: { user } })
    t.match(user, { userId: ada.userId, name: 'Ada  Łovelace 王', email: 'ada@example.com' })
    t.strictSame(Object.keys(user), Object.keys((await ada.get(url)).json().data.user))
    for (const device of [ada, other]) t.strictSame((await device.get(url)).json().data.user, user)
  })

  t.test('keeps to the rules of names, and changes nothing else', async (t) => {
    const bad: [unknown, string[]][] = [
      [{}, ['name']],
      [undefined, ['body']],
      [{ name: '' }, ['name']],
      [{ name: ' x ' }, ['name']],
      [{ name: 'x'.repeat(51) }, ['name']],
      [{ name: 'a\u0000b' }, ['name']],
      [{ name: 'a\nb' }, ['name']],
      [{ name: ['Eve'] }, ['name']],
      [{ name: 7 }, ['name']],
      [{ name: 'Eve', role: 'admin' }, ['role']],
      [{ name: 'Eve', email: 'eve@example.com' }, ['email']],
    ]
    for (const [body, fields] of bad) invalid(t, await ada.patch(url, body), fields)
    t.match(await app.stores.accounts.findById(ada.userId), {
      name: 'Ada  Łovelace 王',
      role: 'user',
      email: 'ada@example.com',
    })
  })

  t.test('finds the account gone', async (t) => {
    const gone = await signedUp('gone')
    await t.rejects(app.accounts.rename('nobody', 'Eve'), { code: 'INVALID_TOKEN' })
    await app.stores.accounts.remove(gone.userId)
    refused(t, await gone.patch(url, { name: 'Eve' }), 401, 'INVALID_TOKEN')
  })
})

t.test('DELETE /api/profile', async (t) => {
  const built = await build(t, { LOCKOUT_TIERS: '3:5m' })
  const { signedUp, signedIn, client, log, app } = built
  await signedUpAdmin(built, 'admin')

  t.test('takes the account with all its sessions, for the password', async (t) => {
    const ada = await signedUp('ada')
    const other = await signedIn('ada')
    await other.get(url)
    const answer = await ada.delete(url, { password })
    t.strictSame(answer.json(), { success: true, message: 'Account deleted', data: {} })
    t.strictSame(cookieChanges(answer), { set: [], cleared: ['access_token', 'refresh_token'] })
    refused(t, await other.get(url), 401, 'INVALID_TOKEN')
    refused(t, await other.post('/api/auth/refresh'), 403, 'USER_NOT_FOUND')
    const { email } = person('ada')
    const login = await client().post('/api/auth/login', { email, password })
    refused(t, login, 401, 'INVALID_CREDENTIALS')
    const event = log.find((line) => line.event === 'user.deleted')
    t.match(event, { userId: ada.userId, reason: 'by_owner' })
    t.notMatch(JSON.stringify(event), /example\.com|actorId/)
    const again = await signedUp('ada')
    t.not(again.userId, ada.userId, 'and the email may sign up again')
  })

  t.test('leaves the account to whoever knows no password', async (t) => {
    const bob = await signedUp('bob')
    const bad: [unknown, string[]][] = [
      [undefined, ['body']],
      [{}, ['password']],
      [{ password: '' }, ['password']],
      [{ password: [password] }, ['password']],
      [{ password, sure: true }, ['sure']],
    ]
    for (const [body, fields] of bad) invalid(t, await bob.delete(url, body), fields)
    const wrong = { password: 'Wrong-Onion-31' }
    const answer = await bob.delete(url, wrong)
    refused(t, answer, 401, 'INVALID_CREDENTIALS')
    t.strictSame(cookieChanges(answer), { set: [], cleared: [] })
    t.equal((await bob.get(url)).statusCode, 200)
  })

  t.test('counts wrong passwords like a sign-in', async (t) => {
    const eve = await signedUp('eve')
    const wrong = { password: 'Wrong-Onion-31' }
    for (let i = 0; i < 3; i += 1) {
      refused(t, await eve.delete(url, wrong), 401, 'INVALID_CREDENTIALS')
    }
    const extras = { lockDurationMinutes: 5 }
    refused(t, await eve.delete(url, { password }), 423, 'ACCOUNT_LOCKED', extras)
    t.equal((await eve.get(url)).statusCode, 200)
  })

  t.test('forgets the lockout of the email too', async (t) => {
    const dan = await signedUp('dan')
    const { email } = person('dan')
    const attempt = { email, password: 'Wrong-Onion-31' }
    for (let i = 0; i < 3; i += 1) await client().post('/api/auth/login', attempt)
    await app.accounts.administration.remove(dan.userId, {
      origin: { requestId: '', ip: '', userAgent: '' },
      reason: 'by_operator',
    })
    await signedUp('dan')
    t.equal((await client().post('/api/auth/login', { email, password })).statusCode, 200)
  })

  t.test('happens once, however often it is sent', async (t) => {
    const fay = await signedUp('fay')
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => fay.delete(url, { password })),
    )
    t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
    for (const answer of answers) {
      if (answer.statusCode !== 200) refused(t, answer, 401, 'INVALID_TOKEN')
    }
    const events = log.filter((line) => line.event === 'user.deleted')
    t.equal(events.filter(({ userId }) => userId === fay.userId).length, 1)
    await t.rejects(
      app.accounts.deleteOwn(
        fay.userId,
        { password, device: undefined },
        {
          requestId: '',
          ip: '',
          userAgent: '',
        },
      ),
      { code: 'INVALID_TOKEN' },
    )
  })
})

t.test('GET /api/profile/export', async (t) => {
  const { signedUp, signedIn, app } = await build(t)
  const ada = await signedUp('ada')
  const bob = await signedUp('bob')
  const other = await signedIn('ada')
  await eventually(async () => {
    const { events } = await app.stores.events.list({ limit: 100, userId: ada.userId })
    return events.length === 3
  })

  t.test('is all that is stored on oneself, and nothing of others', async (t) => {
    const answer = await ada.get(`${url}/export`)
    t.equal(answer.statusCode, 200)
    const { data } = answer.json()
    t.strictSame(Object.keys(data), ['account', 'sessions', 'events'])
    t.match(data.account, { userId: ada.userId, email: 'ada@example.com', isActive: true })
    const ids = data.sessions.map(({ sessionId }: { sessionId: string }) => sessionId)
    t.strictSame(ids.sort(), [ada.sessionId, other.sessionId].sort())
    const types = data.events.map(({ type }: { type: string }) => type)
    t.strictSame(types, ['login.succeeded', 'login.succeeded', 'user.registered'])
    t.notMatch(answer.body, bob.userId)
    t.notMatch(answer.body, /hash|argon2/i)
  })

  t.test('has all events that are kept, however many', async (t) => {
    const { userId } = await signedUp('eve')
    const origin = { requestId: 'r', ip: '192.0.2.1', userAgent: 'Firefox' }
    const others = Array.from({ length: 1_500 }, (_, time) => ({
      type: 'token.refreshed' as const,
      time,
      userId,
      ...origin,
    }))
    await app.stores.events.append(others)
    const { events } = await app.accounts.exportOwn(userId)
    t.equal(events.filter(({ type }) => type === 'token.refreshed').length, 1_500)
  })

  t.test('is given ten times an hour', async (t) => {
    const answers = []
    for (let i = 0; i < 10; i += 1) answers.push(await bob.get(`${url}/export`))
    t.ok(answers.every(({ statusCode }) => statusCode === 200))
    const answer = await bob.get(`${url}/export`)
    refused(t, answer, 429, 'RATE_LIMIT_EXCEEDED')
    t.equal(answer.headers['ratelimit-limit'], '10')
    t.ok(Number(answer.headers['retry-after']) > 3_500)
    t.equal((await bob.get(url)).statusCode, 200)
    await t.rejects(app.accounts.exportOwn('nobody'), { code: 'INVALID_TOKEN' })
  })
})
