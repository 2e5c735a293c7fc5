import t from 'tap'
import { refused } from '../support/answers.js'
import { build, clientOrigin } from '../support/app.js'
import { elapse } from '../support/clock.js'

const own = 'http://localhost:5000'
const other = 'https://evil.example'
const second = 'https://app.example.com'
const client = clientOrigin

t.test('forgeries: what a browser says of the source of a request decides', async (t) => {
  const { app, log } = await build(t, { CLIENT_URLS: `${client},${second}` })

  /** [Sec-Fetch-Site, Origin]: undefined is a header that is not there. */
  const accepted: [site: string | undefined, origin: string | undefined][] = [
    [undefined, undefined], // no browser
    [undefined, own],
    [undefined, client],
    [undefined, second],
    ['same-origin', undefined],
    ['same-origin', own],
    ['same-origin', client],
    ['none', undefined],
    ['none', own],
    ['none', client],
    ['same-site', client],
    ['same-site', second],
    ['cross-site', client],
    ['cross-site', second],
  ]
  const rejected: typeof accepted = [
    [undefined, other],
    [undefined, 'null'],
    [undefined, ''],
    [undefined, `${client}/`],
    [undefined, client.toUpperCase()],
    [undefined, `${client}.evil.example`],
    [undefined, 'http://localhost:30000'],
    [undefined, 'https://localhost:3000'],
    [undefined, 'https://sub.app.example.com'],
    [undefined, `${client}, ${other}`],
    [undefined, '*'],
    ['same-origin', other],
    ['same-origin', 'null'],
    ['none', other],
    ['same-site', undefined],
    ['same-site', own],
    ['same-site', other],
    ['cross-site', undefined],
    ['cross-site', own],
    ['cross-site', other],
    ['cross-site', 'null'],
    ['Same-Origin', undefined],
    ['', undefined],
    ['anything', own],
  ]

  const send = (
    method: 'GET' | 'HEAD' | 'POST' | 'DELETE',
    url: string,
    pair: (typeof accepted)[0],
  ) => {
    const [site, origin] = pair
    return app.inject({
      method,
      url,
      headers: {
        ...(site !== undefined && { 'sec-fetch-site': site }),
        ...(origin !== undefined && { origin }),
      },
    })
  }
  const named = (pair: (typeof accepted)[0]) =>
    `Sec-Fetch-Site: ${pair[0] ?? '(none)'}, Origin: ${pair[1] ?? '(none)'}`

  t.test('of what changes something these pass', async (t) => {
    for (const pair of accepted) {
      t.equal((await send('POST', '/api/auth/logout', pair)).statusCode, 200, named(pair))
    }
  })

  t.test('and these do not, whatever they carry', async (t) => {
    for (const pair of rejected) {
      const answer = await send('POST', '/api/auth/logout', pair)
      refused(t, answer, 403, 'CSRF_REJECTED')
      t.notOk('set-cookie' in answer.headers, named(pair))
    }
    t.match(log.at(-1), { event: 'csrf.rejected' })
  })

  t.test('before the token and the body are looked at', async (t) => {
    const sessions = '/api/auth/sessions/x'
    const authorization = 'Bearer odd'
    for (const request of [
      { method: 'DELETE', url: sessions },
      { method: 'DELETE', url: sessions, headers: { authorization } },
      { method: 'POST', url: '/api/auth/login', payload: '{' },
      { method: 'POST', url: '/api/auth/login', headers: { 'content-type': 'text/plain' } },
    ] as const) {
      const answer = await app.inject({
        ...request,
        headers: { ...('headers' in request && request.headers), origin: other },
      })
      refused(t, answer, 403, 'CSRF_REJECTED')
    }
  })

  t.test('what only reads passes in any case', async (t) => {
    for (const pair of [...accepted, ...rejected]) {
      refused(t, await send('GET', '/api/profile', pair), 401, 'NO_TOKEN')
    }
    t.equal((await send('HEAD', '/api/profile', ['cross-site', other])).statusCode, 401)
  })
})

t.test("the server's own origin is that of its public URL, whatever Host says", async (t) => {
  const { app } = await build(t, { PUBLIC_URL: 'https://example.com/auth' })
  const logout = (origin: string, host: string) =>
    app.inject({ method: 'POST', url: '/api/auth/logout', headers: { origin, host } })
  t.equal((await logout('https://example.com', 'internal:5000')).statusCode, 200)
  refused(t, await logout(other, 'evil.example'), 403, 'CSRF_REJECTED')
  refused(t, await logout('https://example.com/auth', 'example.com'), 403, 'CSRF_REJECTED')
})

t.test('CORS', async (t) => {
  const { app, signedUp } = await build(t, { CLIENT_URLS: `${client},${second}` })
  const corsHeaders = (headers: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(headers).filter(([name]) => name.startsWith('access-control-')),
    )
  const exposed =
    'X-Request-ID, X-Token-Refresh-Required, X-New-Token, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset'
  const readable = (origin: string) => ({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': exposed,
  })

  t.test('lets the listed origins read, with credentials', async (t) => {
    const ada = await signedUp('ada')
    for (const origin of [client, second]) {
      const answer = await ada.get('/api/profile', { origin })
      t.equal(answer.statusCode, 200)
      t.strictSame(corsHeaders(answer.headers), readable(origin))
      t.equal(answer.headers.vary, 'Origin')
    }
  })

  t.test('lets them read refusals too, or an application could not tell why', async (t) => {
    for (const url of ['/api/profile', '/api/nowhere']) {
      const { headers } = await app.inject({ url, headers: { origin: client } })
      t.strictSame(corsHeaders(headers), readable(client))
    }
  })

  t.test('says nothing to others, and never *', async (t) => {
    for (const origin of [other, 'null', '', own, `${client}/`, `${client}.evil.example`]) {
      for (const url of ['/api/profile', '/health/live', '/nowhere']) {
        const { headers } = await app.inject({ url, headers: { origin } })
        t.strictSame(corsHeaders(headers), {}, `${origin} ${url}`)
        t.equal(headers.vary, 'Origin')
      }
    }
    t.strictSame(corsHeaders((await app.inject('/api/profile')).headers), {})
  })

  t.test('tells the listed origins before a request what they may send', async (t) => {
    const answer = await app.inject({
      method: 'OPTIONS',
      url: '/api/auth/login',
      headers: {
        origin: client,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-token-delivery',
      },
    })
    t.equal(answer.statusCode, 204)
    t.equal(answer.body, '')
    t.strictSame(corsHeaders(answer.headers), {
      ...readable(client),
      'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
      'access-control-allow-headers': 'Content-Type, Authorization, X-Request-ID, X-Token-Delivery',
      'access-control-max-age': '7200',
    })
    t.match(answer.headers, { vary: 'Origin', 'cache-control': 'no-store' })
  })

  t.test('tells others nothing', async (t) => {
    for (const origin of [other, 'null']) {
      const answer = await app.inject({
        method: 'OPTIONS',
        url: '/api/auth/login',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
      refused(t, answer, 404, 'NOT_FOUND')
      t.strictSame(corsHeaders(answer.headers), {})
    }
    const plain = await app.inject({ method: 'OPTIONS', url: '/api/auth/login' })
    t.strictSame(corsHeaders(plain.headers), {})
  })
})

t.test(
  'refusals fill neither log nor store: so many of a network are told in a minute',
  async (t) => {
    const { app, log } = await build(t, { TRUST_PROXY: 'loopback' })
    const forge = (address: string) =>
      app.inject({
        method: 'POST',
        url: '/api/auth/logout',
        headers: { origin: other, 'x-forwarded-for': address },
      })
    const told = () => log.filter(({ event }) => event === 'csrf.rejected').length
    for (let i = 0; i < 130; i += 1) refused(t, await forge('192.0.2.1'), 403, 'CSRF_REJECTED')
    t.equal(told(), 100)
    await forge('192.0.2.2')
    t.equal(told(), 101)
    elapse(t, 60_000)
    await forge('192.0.2.1')
    t.equal(told(), 102)
  },
)
