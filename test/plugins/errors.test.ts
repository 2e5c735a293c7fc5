import { Readable } from 'node:stream'
import t from 'tap'
import { invalid, refused } from '../support/answers.js'
import { build, eventually, person } from '../support/app.js'

const login = '/api/auth/login'

t.test('request ids', async (t) => {
  const { app, client } = await build(t)
  const idFor = async (id: string, url = '/api/profile') => {
    const answer = await app.inject({ url, headers: { 'x-request-id': id } })
    if (answer.statusCode >= 400) t.equal(answer.json().requestId, answer.headers['x-request-id'])
    return answer.headers['x-request-id']
  }

  t.test('are kept where they are harmless', async (t) => {
    for (const id of ['1', 'abc.DEF_1-2', 'x'.repeat(128)]) {
      for (const url of ['/api/profile', '/health/live', '/nowhere', '/%zz']) {
        t.equal(await idFor(id, url), id)
      }
    }
  })

  t.test('are replaced where they are not', async (t) => {
    for (const id of ['', 'x'.repeat(129), 'a b', 'a,b', 'a/b', '<b>', '\u00e9', '"', '$(x)']) {
      t.match(await idFor(id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    }
  })

  t.test('are new for each request', async (t) => {
    const [one, two] = [await client().get('/nowhere'), await client().get('/nowhere')]
    t.not(one.headers['x-request-id'], two.headers['x-request-id'])
  })
})

t.test('security headers', async (t) => {
  const headers = {
    'content-security-policy':
      "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'x-download-options': 'noopen',
    'x-frame-options': 'DENY',
    'x-permitted-cross-domain-policies': 'none',
    'x-xss-protection': '0',
  }
  /** What is said of the answer itself. */
  const others = [
    'x-request-id',
    'vary',
    'cache-control',
    'content-type',
    'content-length',
    'date',
    'connection',
    'www-authenticate',
  ]
  const requests = [
    { url: '/health/live' },
    { url: '/api/profile' },
    { url: '/nowhere' },
    { url: '/%zz' },
    { method: 'POST', url: login, payload: '{', headers: { 'content-type': 'application/json' } },
    { method: 'POST', url: '/api/auth/logout' },
    { method: 'OPTIONS', url: login },
  ] as const

  t.test('are on every answer, and are these', async (t) => {
    const { app } = await build(t)
    for (const request of requests) {
      const { headers: sent } = await app.inject(request)
      const security = Object.entries(sent).filter(
        ([name]) => !others.includes(name) && !/^(set-cookie|ratelimit-.*)$/.test(name),
      )
      t.strictSame(Object.fromEntries(security), headers, request.url)
    }
  })

  t.test('tell browsers to insist on https where cookies are secure', async (t) => {
    const { app } = await build(t, { COOKIE_SECURE: 'true' })
    const { headers: sent } = await app.inject('/nowhere')
    t.match(sent, {
      ...headers,
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
    })
  })

  t.test('nothing tells what the server is made of', async (t) => {
    const { app } = await build(t)
    const { headers: sent } = await app.inject('/nowhere')
    t.notOk('server' in sent || 'x-powered-by' in sent)
  })
})

t.test('answers below /api are kept in no cache', async (t) => {
  const { signedUp } = await build(t)
  const ada = await signedUp('ada')
  for (const url of ['/api/profile', '/api/auth/session', '/api/nowhere', '/api']) {
    t.equal((await ada.get(url)).headers['cache-control'], 'no-store', url)
  }
  t.equal((await ada.post('/api/auth/logout')).headers['cache-control'], 'no-store')
  t.equal((await ada.post(login, {})).headers['cache-control'], 'no-store')
})

t.test('there is nothing', async (t) => {
  const { app } = await build(t)

  t.test('at an unknown address', async (t) => {
    const long = `/${'x'.repeat(5_000)}`
    for (const url of [
      '/',
      '/nowhere',
      '/api',
      '/api/auth',
      '/api/auth/login/',
      '/API/profile',
      long,
    ]) {
      refused(t, await app.inject(url), 404, 'NOT_FOUND')
    }
    refused(t, await app.inject(`/api/auth/${'x'.repeat(200)}`), 404, 'NOT_FOUND')
  })

  t.test('for another method', async (t) => {
    const wrong = [
      ['GET', login],
      ['PUT', login],
      ['DELETE', '/api/auth/session'],
      ['POST', '/api/profile/x'],
      ['TRACE', '/health/live'],
    ] as const
    for (const [method, url] of wrong) {
      refused(t, await app.inject({ method, url }), 404, 'NOT_FOUND')
    }
  })
})

t.test('a URL that can not be decoded is refused in the same envelope', async (t) => {
  const { app } = await build(t)
  for (const url of ['/%zz', '/api/%', '/api/profile%', '/%c3%28', '/api/auth/%E0%A4%A']) {
    invalid(t, await app.inject(url), ['request'])
  }
})

t.test('bodies', async (t) => {
  const { app } = await build(t)
  const post = (payload: string | Buffer | Readable, type = 'application/json', url = login) =>
    app.inject({ method: 'POST', url, payload, headers: { 'content-type': type } })
  const credentials = JSON.stringify({ email: 'ada@example.com', password: 'x' })

  t.test('are JSON, however the type is spelled', async (t) => {
    for (const type of [
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
    ]) {
      refused(t, await post(credentials, type), 401, 'INVALID_CREDENTIALS')
    }
  })

  t.test('of another type are not looked at', async (t) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'application/json+x',
      'text/json',
      'application',
      ';',
    ]) {
      refused(t, await post(credentials, type), 415, 'UNSUPPORTED_MEDIA_TYPE')
    }
    const untyped = await app.inject({
      method: 'POST',
      url: login,
      payload: Buffer.from(credentials),
    })
    refused(t, untyped, 415, 'UNSUPPORTED_MEDIA_TYPE')
    refused(t, await post('x', 'text/plain', '/api/auth/logout'), 415, 'UNSUPPORTED_MEDIA_TYPE')
  })

  t.test('that are empty are none, whatever type stands beside them', async (t) => {
    const { client } = await build(t)
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const headers = { 'content-type': type }
      const ada = client()
      const email = `${type.replace(/\W/g, '-')}@example.com`
      await ada.post('/api/auth/register', { ...person('ada'), email })
      t.equal((await ada.post('/api/auth/refresh', undefined, headers)).statusCode, 200, type)
      const missing = await ada.delete('/api/auth/sessions/none', undefined, headers)
      refused(t, missing, 404, 'SESSION_NOT_FOUND')
      t.equal((await ada.post('/api/auth/logout', undefined, headers)).statusCode, 200, type)
      invalid(t, await ada.post(login, undefined, headers), ['body'])
      refused(t, await ada.post('/nowhere', '1', headers), 404, 'NOT_FOUND')
    }
  })

  t.test('are refused past the limit, whether they tell their length or not', async (t) => {
    const { app } = await build(t, { BODY_LIMIT: '128' })
    const send = (payload: string | Readable) =>
      app.inject({
        method: 'POST',
        url: login,
        payload,
        headers: { 'content-type': 'application/json' },
      })
    refused(t, await send(`"${'x'.repeat(127)}"`), 413, 'PAYLOAD_TOO_LARGE')
    refused(t, await send(Readable.from([`"${'x'.repeat(127)}"`])), 413, 'PAYLOAD_TOO_LARGE')
    invalid(t, await send(`"${'x'.repeat(126)}"`), ['body'])
  })

  t.test('that are not JSON are refused', async (t) => {
    const broken = ['', ' ', '{', '{"email":}', "{'email':1}", '{"a":1,}', 'undefined', '\u0000']
    for (const text of broken) invalid(t, await post(text), ['body'])
  })

  t.test('that are not UTF-8 are refused', async (t) => {
    for (const bytes of ['c3', 'ff', 'c0af', 'eda080', 'f8a1a1a1a1']) {
      const text = Buffer.from(bytes, 'hex').toString('latin1')
      const body = Buffer.from(`{"email":"ada@example.com","password":"${text}"}`, 'latin1')
      invalid(t, await post(body), ['body'])
    }
    const utf16 = Buffer.from(`\ufeff${credentials}`, 'utf16le')
    invalid(t, await post(utf16), ['body'])
  })

  t.test('with half a character are refused, however deep it lies', async (t) => {
    invalid(t, await post('{"email":"a@b.example","password":"x\\ud83d"}'), ['password'])
    invalid(t, await post('{"email":[{"a":["\\udd11"]}],"password":"x"}'), ['email'])
    invalid(t, await post('"\\ud83d"'), ['body'])
    const whole = '{"email":"a@b.example","password":"\\ud83d\\udd11"}'
    refused(t, await post(whole), 401, 'INVALID_CREDENTIALS')
  })

  t.test("can't reach the prototypes of objects", async (t) => {
    for (const text of [
      '{"__proto__":{"email":"ada@example.com","password":"x"}}',
      `{"__proto__":{"isAdmin":true},${credentials.slice(1)}`,
      `{"\\u005f_proto__":{},${credentials.slice(1)}`,
      `{"constructor":{"prototype":{"x":1}},${credentials.slice(1)}`,
    ]) {
      invalid(t, await post(text), ['body'])
    }
    invalid(t, await post(`{"constructor":1,${credentials.slice(1)}`), ['constructor'])
    t.notOk('isAdmin' in {})
  })

  t.test('of another shape are refused, not coerced', async (t) => {
    for (const text of ['null', '[]', '1', '"text"', 'true', '[{"email":"a"}]']) {
      invalid(t, await post(text), ['body'])
    }
    invalid(t, await post('{"email":["ada@example.com"],"password":"x"}'), ['email'])
    invalid(t, await post('{"email":"ada@example.com","password":null}'), ['password'])
    invalid(t, await post('{"email":{"toString":1},"password":0}'), ['email', 'password'])
  })

  t.test('with many wrong members get an answer of bounded length', async (t) => {
    const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`m${i}`, i]))
    const answer = await post(JSON.stringify(body))
    t.equal(answer.statusCode, 400)
    t.equal(answer.json().errors.length, 20)
  })

  t.test('nested as deep as the limit allows are refused like any other', async (t) => {
    const deep = `{"email":${'['.repeat(30_000)}${']'.repeat(30_000)},"password":"x"}`
    invalid(t, await post(deep), ['email'])
    const logout = await post(deep, undefined, '/api/auth/logout')
    t.equal(logout.statusCode, 200)
  })
})

t.test('a fault of our own', async (t) => {
  const { app, client, log } = await build(t)
  const secret = 'connect ECONNREFUSED /var/run/redis.sock SELECT * FROM users'
  const failures: unknown[] = [
    new Error(secret),
    Object.assign(new Error(secret), { code: 'ECONNREFUSED', statusCode: 502 }),
    new TypeError(secret, { cause: new Error(secret) }),
    { message: secret },
    secret,
    null,
  ]

  t.test('tells the client nothing of it, and the log everything', async (t) => {
    for (const failure of failures) {
      app.stores.accounts.findByEmail = async () => {
        throw failure
      }
      const answer = await client().post(login, { email: 'ada@example.com', password: 'x' })
      refused(t, answer, 500, 'INTERNAL_ERROR')
      t.notMatch(answer.body, /ECONN|redis|SELECT|stack|node_modules/)
      const line = log.at(-1)
      t.match(line, { level: 50, code: 'INTERNAL_ERROR', msg: 'request failed' })
      t.equal(line?.reqId, answer.headers['x-request-id'])
    }
    t.match(log[0], { err: { message: secret, stack: /at / } })
  })
})

t.test('a process past a configured bound', async (t) => {
  const { app, client } = await build(t, { PRESSURE_MAX_RSS_MB: '1' })
  // It looks at itself once a second.
  await eventually(async () => (await app.inject('/api/profile')).statusCode === 503)

  t.test('refuses requests before any work', async (t) => {
    const asked = [
      await client().get('/api/profile'),
      await client().post('/api/auth/register', person('ada')),
      await client().post('/api/auth/logout', '{'),
    ]
    for (const answer of asked) {
      refused(t, answer, 503, 'UNDER_PRESSURE')
      t.notOk('set-cookie' in answer.headers)
    }
  })

  t.test('is not ready, but lives', async (t) => {
    refused(t, await app.inject('/health/ready'), 503, 'UNDER_PRESSURE')
    t.equal((await app.inject('/health/live')).statusCode, 200)
  })
})
