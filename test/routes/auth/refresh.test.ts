import t, { type Test as Tap } from 'tap'
import { inRedis } from '../../support/accounts.js'
import { cookieChanges, invalid, refused } from '../../support/answers.js'
import { build, type Device, secrets } from '../../support/app.js'
import { elapse } from '../../support/clock.js'
import { readJws, signJws } from '../../support/jws.js'
import { startRedis } from '../../support/redis.js'

const url = '/api/auth/refresh'
const minute = 60_000
const day = 24 * 60 * minute

/** The refresh token in a client's jar. */
const tokenOf = (device: Device): string => device.cookies().refresh_token ?? ''

/** Sends these as refresh cookies, in this order, in place of the jar's. */
const present = (device: Device, ...tokens: string[]) =>
  device.post(url, undefined, {
    cookie: tokens.map((token) => `refresh_token=${token}`).join('; '),
  })

const bothCookies = ['access_token', 'refresh_token']

t.test('POST /api/auth/refresh', async (t) => {
  const { client, signedUp, signedIn } = await build(t)

  t.test('exchanges the refresh token for its successor', async (t) => {
    const ada = await signedUp('ada')
    const first = tokenOf(ada)
    const answer = await ada.post(url)
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), {
      success: true,
      message: 'Refreshed',
      data: { expiresIn: 900 },
    })
    t.strictSame(cookieChanges(answer), { set: bothCookies, cleared: [] })
    t.not(tokenOf(ada), first)
    t.equal((await ada.get('/api/profile')).statusCode, 200)
    t.equal((await ada.get('/api/auth/session')).json().data.session.sessionId, ada.sessionId)
  })

  t.test('takes an empty object, null and nothing for a body', async (t) => {
    const ada = await signedIn('ada')
    for (const body of [{}, null, undefined]) {
      t.equal((await ada.post(url, body)).statusCode, 200)
    }
  })

  t.test('serves clients without cookies from the body and in the body', async (t) => {
    const app = client({ 'x-token-delivery': 'body' })
    const login = await app.post('/api/auth/login', {
      email: 'ada@example.com',
      password: 'Glass-Onion-31',
    })
    const answer = await app.post(url, { refreshToken: login.json().data.refreshToken })
    t.match(answer.json().data, { expiresIn: 900, accessToken: /^ey/, refreshToken: /^ey/ })
    t.notOk('set-cookie' in answer.headers)
    const again = await app.post(url, { refreshToken: answer.json().data.refreshToken })
    t.equal(again.statusCode, 200)
  })

  t.test('takes the token in the body before the one in the cookie', async (t) => {
    const [phone, laptop] = [await signedIn('ada'), await signedIn('ada')]
    const [phoneToken, laptopToken] = [tokenOf(phone), tokenOf(laptop)]
    const answer = await phone.post(
      url,
      { refreshToken: laptopToken },
      { 'x-token-delivery': 'body' },
    )
    t.equal(readJws(answer.json().data.refreshToken).claims.sid, laptop.sessionId)
    t.equal(tokenOf(phone), phoneToken)
    const refusal = await phone.post(url, { refreshToken: 'odd' })
    refused(t, refusal, 403, 'REFRESH_FAILED')
    t.strictSame(cookieChanges(refusal), { set: [], cleared: bothCookies }, 'as each verdict does')
  })

  t.test('refuses a request without a refresh token, and leaves the cookies alone', async (t) => {
    const { access_token } = (await signedIn('ada')).cookies()
    const cookie = `access_token=${access_token}`
    for (const body of [undefined, {}, null]) {
      for (const headers of [{}, { cookie }, { cookie: 'refresh_token=' }]) {
        const answer = await client().post(url, body, headers)
        refused(t, answer, 401, 'NO_REFRESH_TOKEN')
        t.notOk('set-cookie' in answer.headers)
      }
    }
  })

  t.test('refuses a body that is not { refreshToken }, and names the field', async (t) => {
    const ada = await signedIn('ada')
    const refuse = async (body: unknown, ...fields: string[]) => {
      const answer = await ada.post(url, body)
      invalid(t, answer, fields)
      t.notOk('set-cookie' in answer.headers)
    }
    await refuse({ token: 'x' }, 'token')
    for (const wrong of [1, null, '', ['x'], 'x'.repeat(4_097)]) {
      await refuse({ refreshToken: wrong }, 'refreshToken')
    }
    for (const wrong of [[], 'text', 1, true]) await refuse(JSON.stringify(wrong), 'body')
    t.equal((await ada.post(url)).statusCode, 200)
  })

  t.test('refuses what is no token of ours, and clears the cookies', async (t) => {
    const ada = await signedIn('ada')
    const token = tokenOf(ada)
    const { header, claims } = readJws(token)
    const [head, body, signature = ''] = token.split('.')
    const { JWT_SECRET: accessSecret, JWT_REFRESH_SECRET: secret } = secrets
    const odd: Record<string, string> = {
      text: 'odd',
      'three dots': '...',
      'an access token': ada.cookies().access_token ?? '',
      'one without its signature': `${head}.${body}.`,
      'one with another signature': `${head}.${body}.${signature.split('').reverse().join('')}`,
      'another secret': signJws(header, claims, 'another secret'),
      'the access secret': signJws(header, claims, accessSecret),
      'no algorithm': signJws({ ...header, alg: 'none' }, claims, ''),
      'another algorithm': signJws({ ...header, alg: 'HS512' }, claims, secret),
      'the other type': signJws({ ...header, typ: 'at+jwt' }, claims, secret),
      'expired long ago': signJws(header, { ...claims, exp: 1_000_000_000 }, secret),
    }
    for (const [what, token] of Object.entries(odd)) {
      const answer = await present(ada, token)
      refused(t, answer, 403, 'REFRESH_FAILED')
      t.strictSame(cookieChanges(answer), { set: [], cleared: bothCookies }, what)
      refused(t, await client().post(url, { refreshToken: token }), 403, 'REFRESH_FAILED')
    }
    t.equal((await present(ada, token)).statusCode, 200, 'the session has taken no harm')
  })

  t.test('refuses the token of a session that was signed out', async (t) => {
    const ada = await signedIn('ada')
    const token = tokenOf(ada)
    await ada.post('/api/auth/logout')
    const answer = await present(ada, token)
    refused(t, answer, 403, 'INVALID_REFRESH_TOKEN')
    t.strictSame(cookieChanges(answer), { set: [], cleared: bothCookies })
  })
})

t.test('many tabs at once', async (t) => {
  const { signedUp } = await build(t)
  const ada = await signedUp('ada')

  t.test('that refresh with one token all get the same successor', async (t) => {
    const token = tokenOf(ada)
    const answers = await Promise.all(Array.from({ length: 50 }, () => present(ada, token)))
    t.strictSame(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
    const successors = answers.map(
      ({ cookies }) => cookies.find(({ name }) => name === 'refresh_token')?.value,
    )
    t.strictSame(new Set(successors), new Set([tokenOf(ada)]), 'byte for byte')
    t.equal((await ada.post(url)).statusCode, 200, 'which is good for the next refresh')
  })
})

t.test('the refresh token before the present one', async (t) => {
  const { signedUp, signedIn, log } = await build(t)
  await signedUp('ada')

  t.test('gets the same successor again within the grace period', async (t) => {
    const ada = await signedIn('ada')
    const first = tokenOf(ada)
    const other = await signedIn('ada')
    await present(ada, first)
    const successor = tokenOf(ada)
    elapse(t, 29_000)
    const again = await present(other, first)
    t.equal(again.statusCode, 200)
    t.equal(tokenOf(other), successor)
    t.ok((again.cookies.find(({ name }) => name === 'refresh_token')?.maxAge ?? 0) <= 604_771)
    t.equal((await ada.post(url)).statusCode, 200)
  })

  const uses: Record<string, (t: Tap, ada: Device) => Promise<string>> = {
    'ends the session after the grace period': async (t, ada) => {
      const first = tokenOf(ada)
      await ada.post(url)
      elapse(t, 30_001)
      return first
    },
    'ends the session within it, when it is older still': async (_, ada) => {
      const first = tokenOf(ada)
      await ada.post(url)
      await ada.post(url)
      return first
    },
    'ends the session with an id that was never issued': async (_, ada) => {
      const { header, claims } = readJws(tokenOf(ada))
      return signJws(header, { ...claims, jti: 'another' }, secrets.JWT_REFRESH_SECRET)
    },
    'ends the session with the number before the first': async (_, ada) => {
      const { header, claims } = readJws(tokenOf(ada))
      const jti = `${ada.sessionId}.0`
      return signJws(header, { ...claims, jti }, secrets.JWT_REFRESH_SECRET)
    },
  }
  for (const [name, use] of Object.entries(uses)) {
    t.test(name, async (t) => {
      const [thief, ada, tablet] = [
        await signedIn('ada'),
        await signedIn('ada'),
        await signedIn('ada'),
      ]
      const stolen = await use(t, ada)
      const answer = await present(thief, stolen)
      refused(t, answer, 403, 'INVALID_REFRESH_TOKEN')
      t.strictSame(cookieChanges(answer), { set: [], cleared: bothCookies })
      t.match(log.at(-1), { event: 'token.reuse_detected', sessionId: ada.sessionId })
      refused(t, await ada.get('/api/profile'), 401, 'INVALID_TOKEN')
      refused(t, await ada.post(url), 403, 'INVALID_REFRESH_TOKEN')
      t.equal((await tablet.post(url)).statusCode, 200, 'another session lives on')
    })
  }

  t.test('never gets it with a grace of nothing', async (t) => {
    const { signedUp } = await build(t, { REFRESH_GRACE: '0s' })
    const ada = await signedUp('ada')
    const first = tokenOf(ada)
    await ada.post(url)
    elapse(t, 1)
    refused(t, await present(ada, first), 403, 'INVALID_REFRESH_TOKEN')
  })
})

t.test('the lives of tokens', async (t) => {
  const { signedUp, signedIn } = await build(t, {
    JWT_REFRESH_EXPIRES_IN: '7d',
    SESSION_MAX_AGE: '8d',
  })
  await signedUp('ada')
  const lives = (answer: Awaited<ReturnType<Device['post']>>) =>
    Object.fromEntries(answer.cookies.map(({ name, maxAge }) => [name, maxAge]))

  t.test('begin anew with each refresh, and end with the session', async (t) => {
    const ada = await signedIn('ada')
    elapse(t, 10 * minute)
    t.strictSame(lives(await ada.post(url)), { access_token: 900, refresh_token: 604_800 })
    elapse(t, 6 * day)
    const { refresh_token } = lives(await ada.post(url))
    t.ok(Math.abs(Number(refresh_token) - (2 * day - 10 * minute) / 1000) < 10)
    elapse(t, 2 * day - 15 * minute)
    const last = await ada.post(url)
    const { access_token, refresh_token: rest } = lives(last)
    t.ok(access_token && Math.abs(access_token - 300) < 10)
    t.equal(access_token, rest)
    t.equal(last.json().data.expiresIn, access_token)
    const token = tokenOf(ada)
    elapse(t, 5 * minute)
    refused(t, await present(ada, token), 403, 'INVALID_REFRESH_TOKEN')
    elapse(t, minute)
    refused(t, await present(ada, token), 403, 'REFRESH_FAILED')
  })

  t.test('end a session that lay idle for so long', async (t) => {
    const ada = await signedIn('ada')
    const token = tokenOf(ada)
    elapse(t, 7 * day + minute)
    t.equal(tokenOf(ada), '', 'the browser has thrown it away')
    refused(t, await present(ada, token), 403, 'REFRESH_FAILED')
  })
})

t.test('an account that somebody else has changed', async (t) => {
  const redis = await startRedis(t)
  const built = await build(t, { REDIS_URL: redis.url })
  const { signedUp } = built
  const { deactivate, promote, remove } = inRedis(built, redis)

  for (const [state, change] of Object.entries({ inactive: deactivate, gone: remove })) {
    t.test(`and is ${state}: the cookies are cleared`, async (t) => {
      const ada = await signedUp(state)
      const token = tokenOf(ada)
      await change(ada)
      const answer = await ada.post(url)
      refused(t, answer, 403, 'USER_NOT_FOUND')
      t.strictSame(cookieChanges(answer), { set: [], cleared: bothCookies })
      await present(ada, token)
      await ada.post('/api/auth/logout')
      refused(t, await present(ada, token), 403, 'USER_NOT_FOUND', {})
    })
  }

  t.test('and has another role: the next access token bears it', async (t) => {
    const ada = await signedUp('ada')
    await promote(ada)
    await ada.post(url)
    t.equal(readJws(ada.cookies().access_token).claims.role, 'admin')
  })
})

t.test('two refresh cookies, of an old path or domain', async (t) => {
  const { signedUp, signedIn, log } = await build(t)
  await signedUp('ada')

  /** A stale token and the present one, long after the rotation between them. */
  const stale = async (t: Tap): Promise<{ ada: Device; old: string; current: string }> => {
    const ada = await signedIn('ada')
    const old = tokenOf(ada)
    await ada.post(url)
    elapse(t, minute)
    return { ada, old, current: tokenOf(ada) }
  }
  /** Both orders, because a browser's depends on paths and ages. */
  const inBothOrders = async (
    t: Tap,
    test: (t: Tap, order: (...tokens: [string, string]) => [string, string]) => Promise<void>,
  ) => {
    await t.test('stale one first', (t) => test(t, (stale, current) => [stale, current]))
    await t.test('stale one last', (t) => test(t, (stale, current) => [current, stale]))
  }

  await inBothOrders(t, async (t, order) => {
    const { ada, old, current } = await stale(t)
    const seen = log.length
    const answer = await present(ada, ...order(old, current))
    t.equal(answer.statusCode, 200, 'the current one decides')
    t.notOk(
      log.slice(seen).some(({ event }) => event === 'token.reuse_detected'),
      'no reuse',
    )
    const refreshCookies = answer.cookies.filter(({ name }) => name === 'refresh_token')
    t.match(refreshCookies.slice(0, -1), [{ value: '', maxAge: 0, path: '/' }], 'cleared')
    t.match(refreshCookies.at(-1), { value: /^ey/, path: '/api/auth' }, 'and the present one set')
    t.equal((await ada.post(url)).statusCode, 200)
    t.equal((await ada.get('/api/profile')).statusCode, 200)
  })

  t.test('one of them odd: the good one decides', async (t) => {
    const ada = await signedIn('ada')
    t.equal((await present(ada, 'odd', tokenOf(ada))).statusCode, 200)
    t.equal((await present(ada, tokenOf(ada), 'odd')).statusCode, 200)
  })

  t.test('one of a session that has ended: the live one decides', async (t) => {
    const [dead, live] = [await signedIn('ada'), await signedIn('ada')]
    const token = tokenOf(dead)
    await dead.post('/api/auth/logout')
    t.equal((await present(live, token, tokenOf(live))).statusCode, 200)
  })

  t.test('both stale: the session ends, and both are cleared', async (t) => {
    const ada = await signedIn('ada')
    const first = tokenOf(ada)
    await ada.post(url)
    const second = tokenOf(ada)
    await ada.post(url)
    elapse(t, minute)
    const current = tokenOf(ada)
    const answer = await present(ada, first, second)
    refused(t, answer, 403, 'INVALID_REFRESH_TOKEN')
    t.strictSame(cookieChanges(answer).set, [])
    const paths = answer.cookies
      .filter(({ name }) => name === 'refresh_token')
      .map(({ path }) => path)
    t.strictSame(paths.sort(), ['/', '/api/auth'])
    refused(t, await present(ada, current), 403, 'INVALID_REFRESH_TOKEN')
  })

  t.test('the same one twice is one', async (t) => {
    const ada = await signedIn('ada')
    const answer = await present(ada, tokenOf(ada), tokenOf(ada))
    t.strictSame(cookieChanges(answer), { set: bothCookies, cleared: [] })
  })
})
