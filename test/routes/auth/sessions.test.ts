import t from 'tap'
import { cookieChanges, invalid, refused } from '../../support/answers.js'
import { build, type Device, password, person } from '../../support/app.js'
import { elapse } from '../../support/clock.js'
import { readJws } from '../../support/jws.js'

const minute = 60_000
const bothCookies = ['access_token', 'refresh_token']
const isSignedIn = async (device: Device) => (await device.get('/api/profile')).statusCode === 200

t.test('GET /api/auth/sessions', async (t) => {
  const { client, signedUp, signedIn } = await build(t)
  const phone = await signedUp('ada')
  const laptop = await signedIn('ada')
  await signedUp('bob')

  t.test("lists one's own devices, the latest used first, and which of them asks", async (t) => {
    elapse(t, minute)
    await phone.post('/api/auth/refresh', undefined, { 'user-agent': 'a phone' })
    const answer = await phone.get('/api/auth/sessions')
    t.equal(answer.statusCode, 200)
    const { sessions } = answer.json().data
    t.match(sessions, [
      { sessionId: phone.sessionId, current: true, ip: '127.0.0.1', userAgent: 'a phone' },
      { sessionId: laptop.sessionId, current: false, userAgent: 'lightMyRequest' },
    ])
    t.equal(sessions.length, 2, "and not another person's")
    const [{ createdAt, lastSeenAt, ...rest }] = sessions
    t.ok(Date.parse(lastSeenAt) - Date.parse(createdAt) >= minute)
    t.strictSame(Object.keys(rest), ['sessionId', 'current', 'ip', 'userAgent'], 'no token')
  })

  t.test('is for the signed in', async (t) => {
    refused(t, await client().get('/api/auth/sessions'), 401, 'NO_TOKEN')
  })
})

t.test('DELETE /api/auth/sessions/:sessionId', async (t) => {
  const { client, signedUp, signedIn } = await build(t)
  const end = (device: Device, { sessionId }: Device) =>
    device.delete(`/api/auth/sessions/${sessionId}`)
  await signedUp('ada')

  t.test('ends it on the other device', async (t) => {
    const [phone, laptop] = [await signedIn('ada'), await signedIn('ada')]
    const answer = await end(laptop, phone)
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), { success: true, message: 'Session ended', data: {} })
    t.notOk('set-cookie' in answer.headers)
    refused(t, await phone.get('/api/profile'), 401, 'INVALID_TOKEN')
    refused(t, await phone.post('/api/auth/refresh'), 403, 'INVALID_REFRESH_TOKEN')
    t.ok(await isSignedIn(laptop))
    refused(t, await end(laptop, phone), 404, 'SESSION_NOT_FOUND')
  })

  t.test('takes the cookies back where it is the one that asks', async (t) => {
    const phone = await signedIn('ada')
    t.strictSame(cookieChanges(await end(phone, phone)), { set: [], cleared: bothCookies })
    refused(t, await phone.get('/api/profile'), 401, 'NO_TOKEN')
  })

  t.test("knows none that is unknown, or somebody else's", async (t) => {
    const [ada, bob] = [await signedIn('ada'), await signedUp('bob')]
    refused(t, await end(ada, bob), 404, 'SESSION_NOT_FOUND')
    t.ok(await isSignedIn(bob))
    for (const id of ['x', '__proto__', '%00', 'x'.repeat(64)]) {
      const answer = await ada.delete(`/api/auth/sessions/${id}`)
      refused(t, answer, 404, 'SESSION_NOT_FOUND')
    }
    invalid(t, await ada.delete(`/api/auth/sessions/${'x'.repeat(65)}`), ['sessionId'])
    refused(t, await client().delete('/api/auth/sessions/x'), 401, 'NO_TOKEN')
  })
})

t.test('POST /api/auth/logout-all', async (t) => {
  const { client, signedUp, signedIn } = await build(t)

  t.test('ends every session of the account, and tells how many', async (t) => {
    const devices = [await signedUp('ada'), await signedIn('ada'), await signedIn('ada')]
    const bob = await signedUp('bob')
    const [phone] = devices
    const cookies = devices.map((device) => ({ cookie: `access_token=${accessToken(device)}` }))
    const answer = await phone?.post('/api/auth/logout-all')
    t.strictSame(answer?.json(), {
      success: true,
      message: 'Signed out everywhere',
      data: { revoked: 3 },
    })
    t.strictSame(answer && cookieChanges(answer).cleared, bothCookies)
    for (const headers of cookies) {
      refused(t, await client().get('/api/profile', headers), 401, 'INVALID_TOKEN')
    }
    t.ok(await isSignedIn(bob))
  })

  t.test('is for the signed in', async (t) => {
    refused(t, await client().post('/api/auth/logout-all'), 401, 'NO_TOKEN')
  })
})

const accessToken = (device: Device) => device.cookies().access_token ?? ''

t.test('POST /api/auth/password/change', async (t) => {
  const { client, signedUp, signedIn } = await build(t)
  const url = '/api/auth/password/change'
  const newPassword = 'Paper-Moon-47'
  const login = (name: string, password: string) =>
    client().post('/api/auth/login', { email: person(name).email, password })

  t.test('changes it, and ends every session but a new one on this device', async (t) => {
    const [phone, laptop] = [await signedUp('ada'), await signedIn('ada')]
    const before = phone.cookies()
    const answer = await phone.post(url, { currentPassword: password, newPassword })
    t.strictSame(answer.json(), {
      success: true,
      message: 'Password changed',
      data: { expiresIn: 900 },
    })
    t.strictSame(cookieChanges(answer), { set: bothCookies, cleared: [] })
    t.ok(await isSignedIn(phone))
    refused(t, await laptop.get('/api/profile'), 401, 'INVALID_TOKEN')
    const old = { authorization: `Bearer ${before.access_token}` }
    refused(t, await client().get('/api/profile', old), 401, 'INVALID_TOKEN')
    const refreshToken = before.refresh_token
    const refresh = await client().post('/api/auth/refresh', { refreshToken })
    refused(t, refresh, 403, 'INVALID_REFRESH_TOKEN')
    t.equal((await phone.post('/api/auth/refresh')).statusCode, 200, 'no reuse of the new one')
    refused(t, await login('ada', password), 401, 'INVALID_CREDENTIALS')
    t.equal((await login('ada', newPassword)).statusCode, 200)
  })

  t.test('hands the tokens out in the body where the client asks for it', async (t) => {
    const bob = await signedUp('bob')
    const answer = await client().post(
      url,
      { currentPassword: password, newPassword },
      { authorization: `Bearer ${accessToken(bob)}`, 'x-token-delivery': 'body' },
    )
    t.match(answer.json().data, { expiresIn: 900, accessToken: /^ey/, refreshToken: /^ey/ })
    t.notOk('set-cookie' in answer.headers)
  })

  t.test('changes nothing by a wrong password, and nothing into a bad one', async (t) => {
    const eve = await signedUp('eve')
    const change = (currentPassword: unknown, newPassword: unknown, more = {}) =>
      eve.post(url, { currentPassword, newPassword, ...more })
    const wrong = await change('Wrong-Onion-31', newPassword)
    refused(t, wrong, 401, 'INVALID_CREDENTIALS')
    t.notOk('set-cookie' in wrong.headers)
    invalid(t, await change(password, 'Password123!'), ['newPassword'])
    invalid(t, await change(password, 'brzkxw'), Array(4).fill('newPassword'))
    invalid(t, await change(password, null), ['newPassword'])
    invalid(t, await change([password], newPassword), ['currentPassword'])
    invalid(t, await change(password, newPassword, { userId: 'x' }), ['userId'])
    t.ok(await isSignedIn(eve))
    t.equal((await login('eve', password)).statusCode, 200)
  })

  t.test('of two at once only one succeeds', async (t) => {
    const phone = await signedUp('carol')
    const laptop = await signedIn('carol')
    const answers = await Promise.all([
      phone.post(url, { currentPassword: password, newPassword }),
      laptop.post(url, { currentPassword: password, newPassword: 'Paper-Sun-48' }),
    ])
    t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [200, 401])
  })

  t.test('is for the signed in, whatever the body', async (t) => {
    refused(t, await client().post(url, '{'), 401, 'NO_TOKEN')
  })
})

t.test('an access token with less than five minutes left', async (t) => {
  const url = '/api/profile'

  t.test('makes routes for the signed in ask for a refresh', async (t) => {
    const { signedUp } = await build(t)
    const ada = await signedUp('ada')
    elapse(t, 9 * minute)
    t.notOk('x-token-refresh-required' in (await ada.get(url)).headers, 'not before')
    elapse(t, minute + 2_000)
    const answer = await ada.get(url)
    t.equal(answer.headers['x-token-refresh-required'], 'true')
    t.notOk('set-cookie' in answer.headers)
    t.equal((await ada.get('/api/auth/session')).headers['x-token-refresh-required'], 'true')
    await ada.post('/api/auth/refresh')
    t.notOk('x-token-refresh-required' in (await ada.get(url)).headers)
  })

  t.test('is exchanged on the way where that is configured', async (t) => {
    const { client, signedUp } = await build(t, { ACCESS_TOKEN_ROTATION: 'auto' })
    const ada = await signedUp('ada')
    const old = accessToken(ada)
    elapse(t, 11 * minute)
    const bearer = await client().get(url, { authorization: `Bearer ${old}` })
    const renewed = String(bearer.headers['x-new-token'])
    t.equal(readJws(renewed).claims.sid, ada.sessionId)
    t.notOk('set-cookie' in bearer.headers)
    const { cookies } = await ada.get(url)
    t.match(cookies, [{ name: 'access_token', path: '/', maxAge: 900, httpOnly: true }])
    t.not(accessToken(ada), old)
    elapse(t, 5 * minute)
    t.ok(await isSignedIn(ada), 'past the life of the first')
    const headers = { authorization: `Bearer ${renewed}` }
    t.equal((await client().get(url, headers)).statusCode, 200)
    await ada.post('/api/auth/logout')
    refused(t, await client().get(url, headers), 401, 'INVALID_TOKEN')
  })

  t.test("is not exchanged for one past the session's end", async (t) => {
    const lives = { JWT_REFRESH_EXPIRES_IN: '20m', ACCESS_TOKEN_ROTATION: 'auto' }
    const { signedUp } = await build(t, lives)
    const ada = await signedUp('ada')
    elapse(t, 11 * minute)
    const { cookies } = await ada.get(url)
    t.ok(Math.abs(Number(cookies[0]?.maxAge) - 9 * 60) < 5, 'the rest of the session')
    elapse(t, 5 * minute)
    const last = await ada.get(url)
    t.equal(last.headers['x-token-refresh-required'], 'true')
    t.notOk('set-cookie' in last.headers)
  })
})
