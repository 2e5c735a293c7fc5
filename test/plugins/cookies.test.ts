import t from 'tap'
import type { Environment } from '../../src/config/load.js'
import { build, password, person } from '../support/app.js'

/** The token cookies of an answer as they were sent, with most of the tokens left out. */
const cookiesSet = (answer: { headers: Record<string, unknown> }) =>
  [answer.headers['set-cookie']]
    .flat()
    .map((line) => String(line).replace(/=ey[^;]+/, '=ey'))
    .filter((line) => /^[\w-]+_token=/.test(line))

const access = 'Max-Age=900; Path=/; HttpOnly'
const refresh = 'Max-Age=604800; Path=/api/auth; HttpOnly'

const profiles: Record<string, { variables: Environment; expected: string[] }> = {
  'plain http': {
    variables: {},
    expected: [
      `access_token=ey; ${access}; SameSite=Strict`,
      `refresh_token=ey; ${refresh}; SameSite=Strict`,
    ],
  },
  https: {
    variables: { COOKIE_SECURE: 'true' },
    expected: [
      `__Host-access_token=ey; ${access}; Secure; SameSite=Strict`,
      `__Secure-refresh_token=ey; ${refresh}; Secure; SameSite=Strict`,
    ],
  },
  'https and a shared domain': {
    variables: { COOKIE_SECURE: 'true', COOKIE_DOMAIN: 'example.com', COOKIE_SAME_SITE: 'lax' },
    expected: [
      '__Secure-access_token=ey; Max-Age=900; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
      '__Secure-refresh_token=ey; Max-Age=604800; Domain=example.com; Path=/api/auth; HttpOnly; Secure; SameSite=Lax',
    ],
  },
  'applications on another site': {
    variables: { COOKIE_SECURE: 'true', COOKIE_SAME_SITE: 'none' },
    expected: [
      `__Host-access_token=ey; ${access}; Secure; SameSite=None`,
      `__Secure-refresh_token=ey; ${refresh}; Secure; SameSite=None`,
    ],
  },
}

for (const [name, { variables, expected }] of Object.entries(profiles)) {
  t.test(`cookies for ${name}`, async (t) => {
    const { client, app } = await build(t, variables)
    const device = client()

    t.test('have these names and attributes', async (t) => {
      t.strictSame(cookiesSet(await device.post('/api/auth/register', person('ada'))), expected)
      t.strictSame(cookiesSet(await device.post('/api/auth/refresh')), expected)
    })

    t.test('fit into what browsers keep of one, name and value together', async (t) => {
      const { cookies } = await client().post('/api/auth/register', person('bob'))
      t.equal(cookies.length, 3)
      for (const { name, value } of cookies) t.ok(name.length + value.length <= 1_024, name)
    })

    t.test('are read back', async (t) => {
      t.equal((await device.get('/api/profile')).statusCode, 200)
    })

    t.test('are cleared under the same names, paths and domains', async (t) => {
      const cleared = cookiesSet(await device.post('/api/auth/logout'))
      t.strictSame(
        cleared,
        expected.map((line) => line.replace('=ey', '=').replace(/Max-Age=\d+/, 'Max-Age=0')),
      )
    })

    t.test('of the other profiles are not', async (t) => {
      const login = await app.inject({
        method: 'POST',
        url: '/api/auth/login',
        payload: { email: person('ada').email, password },
        headers: { 'x-token-delivery': 'body' },
      })
      const { accessToken } = login.json().data
      const ours = expected[0]?.split('=')[0] ?? ''
      for (const name of ['access_token', '__Host-access_token', '__Secure-access_token']) {
        const answer = await app.inject({
          url: '/api/profile',
          headers: { cookie: `${name}=${accessToken}` },
        })
        t.equal(answer.statusCode, name === ours ? 200 : 401, name)
      }
    })
  })
}

t.test('tokens live as long as configured', async (t) => {
  const { client } = await build(t, { JWT_EXPIRES_IN: '2m', JWT_REFRESH_EXPIRES_IN: '1h' })
  const answer = await client().post('/api/auth/register', person('ada'))
  t.equal(answer.json().data.expiresIn, 120)
  const lives = Object.fromEntries(answer.cookies.map(({ name, maxAge }) => [name, maxAge]))
  t.match(lives, { access_token: 120, refresh_token: 3_600 })
})

t.test('where a browser has several cookies of one name, all the others are cleared', async (t) => {
  const { client, signedUp } = await build(t, {
    COOKIE_SECURE: 'true',
    COOKIE_DOMAIN: 'app.example.com',
  })
  const device = await signedUp('ada')
  const cookies = device.cookies()
  const cookie = ['old', cookies['__Secure-access_token']]
    .map((value) => `__Secure-access_token=${value}`)
    .concat(
      ['old', cookies['__Secure-refresh_token']].map((value) => `__Secure-refresh_token=${value}`),
    )
    .join('; ')
  const answer = await client().post('/api/auth/refresh', undefined, { cookie })
  t.equal(answer.statusCode, 200)
  const placesOf = (cookie: string) =>
    answer.cookies
      .filter(({ name }) => name === `__Secure-${cookie}_token`)
      .map(({ domain = 'this host', path, maxAge }) =>
        [domain, path, maxAge === 0 ? 'cleared' : 'set'].join(' '),
      )

  t.test('on every domain and path where they may stem from, before the new ones', async (t) => {
    t.strictSame(placesOf('access'), [
      'this host / cleared',
      'example.com / cleared',
      'this host /api/auth cleared',
      'app.example.com /api/auth cleared',
      'example.com /api/auth cleared',
      'app.example.com / set',
    ])
    t.strictSame(placesOf('refresh'), [
      'this host / cleared',
      'app.example.com / cleared',
      'example.com / cleared',
      'this host /api/auth cleared',
      'example.com /api/auth cleared',
      'app.example.com /api/auth set',
    ])
  })
})

t.test('odd Cookie headers', async (t) => {
  const { app, signedUp } = await build(t)
  const ada = await signedUp('ada')
  const token = ada.cookies().access_token ?? ''
  const status = async (cookie: string) =>
    (await app.inject({ url: '/api/profile', headers: { cookie } })).statusCode

  t.test('do not keep the good cookie in them from being found', async (t) => {
    for (const cookie of [
      `a; b=; =c; ==; access_token=${token}`,
      `;;; access_token = ${token} ;`,
      `xaccess_token=1; access_token=${token}; access_tokenx=2`,
      `a=%ff%00; access_token=${token}`,
      `__proto__=1; constructor=2; access_token=${token}`,
    ]) {
      t.equal(await status(cookie), 200, cookie.replace(token, '…'))
    }
  })

  t.test('are looked at within bounds: four cookies of one name', async (t) => {
    const odd = (count: number) => Array.from({ length: count }, (_, i) => `access_token=odd${i}; `)
    t.equal(await status(`${odd(3).join('')}access_token=${token}`), 200)
    t.equal(await status(`${odd(4).join('')}access_token=${token}`), 401)
    t.equal(await status(`access_token=${token}; ${odd(300).join('')}`), 200)
  })

  t.test('without a name hold no token, whatever they begin with', async (t) => {
    for (const cookie of ['access_token', 'access_tokenx', 'a=b; access_tokens; c=d']) {
      const answer = await app.inject({ url: '/api/profile', headers: { cookie } })
      t.match(answer.json(), { code: 'NO_TOKEN' }, cookie)
    }
  })

  t.test('with the name in another case hold no token', async (t) => {
    t.equal(await status(`Access_Token=${token}`), 401)
    t.equal(await status(`access_token="${token}"`), 401)
  })
})
