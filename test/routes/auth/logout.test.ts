import t from 'tap'
import { cookieChanges, refused } from '../../support/answers.js'
import { build, type Device } from '../../support/app.js'
import { elapse } from '../../support/clock.js'
import { readJws, signJws } from '../../support/jws.js'

const url = '/api/auth/logout'
const bothCookies = { set: [], cleared: ['access_token', 'refresh_token'] }

t.test('POST /api/auth/logout', async (t) => {
  const { client, signedUp, signedIn, log } = await build(t)
  await signedUp('ada')

  const isSignedIn = async (device: Device): Promise<boolean> => {
    const { access_token } = device.cookies()
    const answer = await client().get('/api/profile', { authorization: `Bearer ${access_token}` })
    return answer.statusCode === 200
  }

  t.test('ends the session and takes the cookies back', async (t) => {
    const [ada, other] = [await signedIn('ada'), await signedIn('ada')]
    const { access_token, refresh_token } = ada.cookies()
    const answer = await ada.post(url)
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), { success: true, message: 'Signed out', data: {} })
    t.strictSame(cookieChanges(answer), bothCookies)
    t.notMatch(Object.keys(ada.cookies()).join(), '_token', 'the client has none left')
    const after = await client().get('/api/profile', { cookie: `access_token=${access_token}` })
    refused(t, after, 401, 'INVALID_TOKEN')
    const refresh = await client().post('/api/auth/refresh', { refreshToken: refresh_token })
    refused(t, refresh, 403, 'INVALID_REFRESH_TOKEN')
    t.ok(await isSignedIn(other), 'another device stays signed in')
    t.ok(log.some((line) => line.event === 'logout' && line.sessionId === ada.sessionId))
  })

  const ways: Record<string, (device: Device) => [body: unknown, headers: Record<string, string>]> =
    {
      'the refresh cookie alone': (device) => [
        undefined,
        { cookie: `refresh_token=${device.cookies().refresh_token}` },
      ],
      'the access cookie alone': (device) => [
        undefined,
        { cookie: `access_token=${device.cookies().access_token}` },
      ],
      'a Bearer token': (device) => [
        undefined,
        { authorization: `Bearer ${device.cookies().access_token}` },
      ],
      'the refresh token in the body': (device) => [
        { refreshToken: device.cookies().refresh_token, more: 'of it' },
        {},
      ],
    }
  for (const [what, request] of Object.entries(ways)) {
    t.test(`takes ${what} for who signs out`, async (t) => {
      const ada = await signedIn('ada')
      const [body, headers] = request(ada)
      t.equal((await client().post(url, body, headers)).statusCode, 200)
      t.notOk(await isSignedIn(ada))
    })
  }

  t.test('takes a refresh token that has been exchanged already', async (t) => {
    const ada = await signedIn('ada')
    const { refresh_token: refreshToken } = ada.cookies()
    await ada.post('/api/auth/refresh')
    t.equal((await client().post(url, { refreshToken })).statusCode, 200)
    t.notOk(await isSignedIn(ada))
  })

  t.test('ends every session that is named, the one in the body too', async (t) => {
    const [ada, other] = [await signedIn('ada'), await signedIn('ada')]
    await ada.post(url, { refreshToken: other.cookies().refresh_token })
    t.notOk(await isSignedIn(ada))
    t.notOk(await isSignedIn(other))
  })

  t.test('is a success without tokens, with dead ones and with odd ones', async (t) => {
    const gone = await signedIn('ada')
    const { access_token, refresh_token } = gone.cookies()
    await gone.post(url)
    const dead = { cookie: `access_token=${access_token}; refresh_token=${refresh_token}` }
    const odd = { cookie: 'access_token=odd; refresh_token=%00', authorization: 'Bearer odd' }
    for (const headers of [{}, dead, odd]) {
      for (const body of [undefined, {}, { refreshToken: 'odd' }, { refreshToken: 1 }]) {
        const answer = await client().post(url, body, headers)
        t.equal(answer.statusCode, 200)
        t.strictSame(cookieChanges(answer), bothCookies)
      }
    }
  })

  t.test('ignores a body of any other shape', async (t) => {
    for (const body of ['null', '[]', '1', 'true', '"text"', '"\u{1f511}"', '{"other":1}']) {
      const ada = await signedIn('ada')
      t.equal((await ada.post(url, body)).statusCode, 200, body)
      t.notOk(await isSignedIn(ada))
    }
  })

  t.test('ends nothing by a forged token', async (t) => {
    const ada = await signedIn('ada')
    const { access_token, refresh_token } = ada.cookies()
    const forge = (token: string | undefined) => {
      const { header, claims } = readJws(token)
      return signJws(header, claims, 'another secret')
    }
    const headers = { cookie: `access_token=${forge(access_token)}` }
    t.equal(
      (await client().post(url, { refreshToken: forge(refresh_token) }, headers)).statusCode,
      200,
    )
    t.ok(await isSignedIn(ada))
  })

  t.test('ends the session by the refresh token where the access token has expired', async (t) => {
    const ada = await signedIn('ada')
    const { access_token } = ada.cookies()
    elapse(t, 20 * 60_000)
    await client().post(url, undefined, { cookie: `access_token=${access_token}` })
    const { refresh_token: refreshToken } = ada.cookies()
    t.equal((await ada.post('/api/auth/refresh')).statusCode, 200, 'it names nothing any more')
    await client().post(url, { refreshToken })
    refused(t, await ada.post('/api/auth/refresh'), 403, 'INVALID_REFRESH_TOKEN')
  })

  t.test('ends all sessions named by several cookies of one name', async (t) => {
    const [ada, other] = [await signedIn('ada'), await signedIn('ada')]
    const cookie = [ada, other]
      .map((device) => `refresh_token=${device.cookies().refresh_token}`)
      .join('; ')
    const answer = await client().post(url, undefined, { cookie })
    const paths = answer.cookies
      .filter(({ name }) => name === 'refresh_token')
      .map(({ path, maxAge }) => `${path} ${maxAge}`)
    t.strictSame(paths.sort(), ['/ 0', '/api/auth 0'])
    t.notOk(await isSignedIn(ada))
    t.notOk(await isSignedIn(other))
  })
})

t.test('a refresh in flight does not bring back a session that was signed out', async (t) => {
  const { signedUp, signedIn } = await build(t)
  await signedUp('ada')
  for (let round = 0; round < 10; round++) {
    const ada = await signedIn('ada')
    const cookie = { cookie: `refresh_token=${ada.cookies().refresh_token}` }
    await Promise.all([
      ada.post('/api/auth/refresh', undefined, cookie),
      ada.post(url, undefined, cookie),
      ada.post('/api/auth/refresh', undefined, cookie),
    ])
    refused(t, await ada.post('/api/auth/refresh', undefined, cookie), 403, 'INVALID_REFRESH_TOKEN')
  }
})
