import { once } from 'node:events'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import t from 'tap'
import { build, clientOrigin, person } from '../support/app.js'
import { listen } from '../support/raw-http.js'

const security = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'referrer-policy',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
]

/** Asks over a connection of its own; the names are those of all headers, as often as they came. */
const asker =
  (port: number) =>
  async (options: RequestOptions, body = '') => {
    const sent = request({ port, host: '127.0.0.1', agent: false, ...options }).end(body)
    const [answer]: IncomingMessage[] = await once(sent, 'response')
    if (answer === undefined) throw new Error('no answer')
    answer.resume()
    const names = answer.rawHeaders.filter((_, at) => at % 2 === 0)
    return { answer, names: names.map((name) => name.toLowerCase()) }
  }

interface Question {
  path: string
  method?: 'POST'
  headers?: Record<string, string>
}

const kinds: [what: string, status: number, Question][] = [
  ['a success', 200, { path: '/health/live' }],
  ['a refusal', 401, { path: '/api/auth/session' }],
  ['a refusal to a client', 401, { path: '/api/auth/session', headers: { Origin: clientOrigin } }],
  ['an unknown URL', 404, { path: '/nothing' }],
  ['a URL that is none', 400, { path: '/%zz' }],
  [
    'a forgery',
    403,
    { path: '/api/auth/logout', method: 'POST', headers: { Origin: 'https://evil.example' } },
  ],
  ['a page with a policy of its own', 200, { path: '/docs/' }],
]

t.test('over a connection an answer has what it has without one, each once', async (t) => {
  const { app } = await build(t, { DOCS: 'true' })
  const ask = asker(await listen(app))
  for (const [what, status, options] of kinds) {
    t.test(what, async (t) => {
      const { answer, names } = await ask(options)
      t.equal(answer.statusCode, status)
      t.equal(new Set(names).size, names.length, 'each once')
      for (const name of [...security, 'x-request-id']) t.ok(names.includes(name), name)
      const { headers: injected } = await app.inject({
        method: options.method ?? 'GET',
        url: options.path,
        headers: options.headers ?? {},
      })
      const common = [...security, 'vary', 'cache-control', 'access-control-allow-origin']
      for (const name of common) t.equal(answer.headers[name], injected[name], name)
    })
  }

  t.test('a preflight', async (t) => {
    const headers = { Origin: clientOrigin, 'Access-Control-Request-Method': 'GET' }
    const { answer, names } = await ask({ path: '/api/profile', method: 'OPTIONS', headers })
    t.equal(answer.statusCode, 204)
    t.equal(new Set(names).size, names.length, 'each once')
    t.equal(answer.headers['access-control-allow-origin'], clientOrigin)
  })
})

t.test('of all that set a header the last one counts, and alone', async (t) => {
  const { app } = await build(t, {
    RATE_LIMIT_USER_MAX: '2',
    AUTH_RATE_LIMIT_MAX: '1',
    ANOMALY_MODE: 'observe',
  })
  const ask = asker(await listen(app))
  const json = { 'content-type': 'application/json', 'x-token-delivery': 'body' }
  const registered = await app.inject({
    method: 'POST',
    url: '/api/auth/register',
    headers: json,
    payload: person('ada'),
  })
  const { accessToken, refreshToken } = registered.json().data
  const headers = {
    authorization: `Bearer ${accessToken}`,
    'user-agent': 'Phone/1.0',
    accept: '*/*',
  }
  const limits = ({ answer, names }: Awaited<ReturnType<typeof ask>>) => {
    t.equal(new Set(names).size, names.length, 'each once')
    return ['limit', 'remaining'].map((name) => answer.headers[`ratelimit-${name}`])
  }

  const session = await ask({ path: '/api/auth/session', headers })
  t.equal(session.answer.statusCode, 200)
  t.equal(session.answer.headers['x-security-check'], 'PASSED')
  t.strictSame(limits(session), ['2', '1'])
  await ask({ path: '/api/auth/session', headers })
  const over = await ask({ path: '/api/auth/session', headers })
  t.equal(over.answer.statusCode, 429)
  t.strictSame(limits(over), ['2', '0'])

  // By the cookie it is a session's request, which has a limit of its own.
  const login = {
    path: '/api/auth/login',
    method: 'POST',
    headers: { ...json, cookie: `refresh_token=${refreshToken}` },
  }
  const wrong = JSON.stringify({ email: person('ada').email, password: 'Wrong-Onion-31' })
  t.strictSame(limits(await ask(login, wrong)), ['2', '1'])
  const past = await ask(login, wrong)
  t.equal(past.answer.statusCode, 429)
  t.strictSame(limits(past), ['1', '0'], 'the limit that it has met')
})
