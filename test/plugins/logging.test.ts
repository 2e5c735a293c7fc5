import t from 'tap'
import { build, clientOrigin, eventually, type LogLine, secrets } from '../support/app.js'
import type { Client } from '../support/client.js'
import { readJws, signJws } from '../support/jws.js'
import { listen, openConnection } from '../support/raw-http.js'

t.test('a request', async (t) => {
  t.test('is one line: what was asked of which route, and how it ended', async (t) => {
    const { client, log } = await build(t, { LOG_LEVEL: 'info' })
    const answer = await client().get('/api/profile?a=b')
    t.equal(log.length, 1)
    const { time, milliseconds, ...line } = log[0] ?? {}
    t.match({ time, milliseconds }, { time: Number, milliseconds: Number })
    t.match(line, {
      level: 30,
      reqId: answer.headers['x-request-id'],
      method: 'GET',
      route: '/api/profile',
      status: 401,
      msg: 'request',
    })
    await client().get('/nowhere/at/all')
    t.match(log[1], { route: 'unknown', status: 404 })
  })

  t.test('is not logged where only warnings are', async (t) => {
    const { client, log } = await build(t, { LOG_LEVEL: 'warn' })
    await client().get('/api/profile')
    t.strictSame(log, [])
  })
})

t.test('security events are logged whatever the level', async (t) => {
  const { client, signedUp, log } = await build(t, { LOG_LEVEL: 'silent' })
  const events = (lines: LogLine[]) => lines.map(({ event }) => event)
  const ada = await signedUp('ada')
  t.strictSame(events(log), ['user.registered', 'login.succeeded'])
  const agent = { 'user-agent': 'Mozilla/5.0', 'x-request-id': 'r-1' }
  await ada.post('/api/auth/refresh', undefined, agent)
  const { userId, sessionId } = ada
  t.match(log.at(-1), {
    event: 'token.refreshed',
    requestId: 'r-1',
    userId,
    sessionId,
    ip: '127.0.0.1',
    userAgent: 'Mozilla/5.0',
  })
  await ada.post('/api/auth/logout')
  await ada.post('/api/auth/refresh', { refreshToken: 'odd' })
  await client().post('/api/auth/login', { email: 'ada@example.com', password: 'wrong' })
  await client({ origin: 'https://evil.example' }).post('/api/auth/logout')
  t.strictSame(events(log.slice(3)), ['logout', 'token.rejected', 'login.failed', 'csrf.rejected'])
})

t.test('a User-Agent of any length and content is kept short, in one line', async (t) => {
  const { client, log } = await build(t)
  await client({ origin: 'null', 'user-agent': `\u001b[31m"}\t${'x'.repeat(10_000)}` }).post(
    '/api/auth/logout',
  )
  t.equal(String(log[0]?.userAgent).length, 256)
})

t.test('with a proxy that is trusted the address is the one that it tells', async (t) => {
  const forwarded = { 'x-forwarded-for': '198.51.100.7', origin: 'null' }
  const trusting = await build(t, { TRUST_PROXY: 'loopback' })
  await trusting.client(forwarded).post('/api/auth/logout')
  t.match(trusting.log, [{ event: 'csrf.rejected', ip: '198.51.100.7' }])
  const alone = await build(t)
  await alone.client(forwarded).post('/api/auth/logout')
  t.match(alone.log, [{ event: 'csrf.rejected', ip: '127.0.0.1' }])
})

t.test('whoever is signed in is named in the line', async (t) => {
  const { signedUp, log } = await build(t, { LOG_LEVEL: 'info' })
  const ada = await signedUp('ada')
  await ada.get('/api/profile')
  await ada.get('/health')
  const { userId } = ada
  t.match(log.at(-1), { msg: 'request', route: '/api/profile', status: 200, userId })
})

t.test('what is sent to any route shows in no log, event, metric or health answer', async (t) => {
  const { app, client, signedUp, log, routes } = await build(t, {
    LOG_LEVEL: 'trace',
    INTROSPECTION_TOKEN: 'letservicesask',
    ANOMALY_MODE: 'enforce',
    ANOMALY_MAX_REQUESTS_PER_MINUTE: '1000000',
    ANOMALY_MAX_ENDPOINTS_PER_MINUTE: '10000',
  })
  const canary = 'Kanarienvogel31'
  const ada = await signedUp('ada')
  await app.stores.accounts.change(ada.userId, { role: 'admin' })
  const fields = ['email', 'password', 'newPassword', 'currentPassword', 'token', 'refreshToken']
  const body = Object.fromEntries(
    [...fields, 'name', 'newEmail', 'role', 'isActive', 'tokens', canary].map((name) => [
      name,
      name.toLowerCase().includes('email') ? `${canary}@example.com` : canary,
    ]),
  )
  const texts = [
    JSON.stringify(body),
    `{"token":"${canary}"}`,
    `{"email":"${canary}@example.com","password":"${canary}"}`,
    `{"${canary}`,
  ]
  const asked = [...routes].map((route) => route.split(' ') as [string, string])
  t.ok(asked.length > 30)
  const send = async (device: Client, [method, path]: [string, string], headers = {}) => {
    const url = `${path.replace(/:\w+|\*/g, canary)}?token=${canary}&cursor=${canary}&search=${canary}`
    const texted = { POST: device.post, PATCH: device.patch, DELETE: device.delete }
    if (method === 'POST' || method === 'PATCH' || method === 'DELETE') {
      for (const text of texts) await texted[method](url, text, headers)
    } else await device.get(url, headers)
  }
  const secretive = { authorization: `Bearer ${canary}.${canary}.${canary}`, 'x-other': canary }
  const cookie = `access_token=${canary}; refresh_token=${canary}; ${canary}=${canary}`
  for (const route of asked) {
    await send(client(), route, secretive)
    await send(client(), route, { cookie })
    await send(client(), route, { origin: `https://${canary}.example` })
    if (!route[1].includes('logout')) await send(ada, route)
  }
  const failing = async () => {
    throw Object.assign(new Error('It broke'), { token: canary, email: canary })
  }
  Object.assign(app.stores.sessions, { find: failing })
  Object.assign(app.stores.accounts, { findByEmail: failing })
  for (const route of asked) await send(ada, route)

  t.ok(log.some(({ msg }) => msg === 'request failed'))
  t.notMatch(JSON.stringify(log), new RegExp(canary, 'i'))
  await eventually(async () => app.events.recording().waiting === 0)
  const { events } = await app.stores.events.list({ limit: 100 })
  t.ok(events.length > 10)
  t.notMatch(JSON.stringify(events), new RegExp(canary, 'i'))
  for (const url of ['/metrics', '/health', '/health/detailed', '/health/ready']) {
    t.notMatch((await app.inject(url)).body, new RegExp(canary, 'i'), url)
  }
})

t.test('whatever happens, no secret and nothing personal is in the log', async (t) => {
  const { app, client, log } = await build(t, { LOG_LEVEL: 'trace' })
  const port = await listen(app)
  const canary = 'Kanarienvogel'
  const email = `${canary}@example.com`
  const password = `Zeisig-31-${canary.toUpperCase()}`
  const bird = { email, password: 'Zeisig-31-Stieglitz', name: 'Hans Huckebein' }

  // All that goes well.
  const ada = client()
  await ada.post('/api/auth/register', bird)
  const { sessionId } = (await ada.get('/api/auth/session')).json().data.session
  const tokensOf = ({ access_token = '', refresh_token = '' }) => [access_token, refresh_token]
  const tokens = tokensOf(ada.cookies())
  await ada.get(`/api/profile?token=${canary}`)
  await ada.post('/api/auth/refresh')
  tokens.push(...tokensOf(ada.cookies()))
  const login = await client({ 'x-token-delivery': 'body' }).post('/api/auth/login', bird)
  t.equal(login.statusCode, 400, 'a name is too much here')
  const { name: _, ...credentials } = bird
  const inBody = await client({ 'x-token-delivery': 'body' }).post('/api/auth/login', credentials)
  tokens.push(inBody.json().data.accessToken, inBody.json().data.refreshToken)

  // All that goes wrong.
  const { header, claims } = readJws(tokens[0])
  const forged = signJws(header, claims, 'x')
  await client().post('/api/auth/register', bird)
  await client().post('/api/auth/register', { ...bird, password: canary })
  await client().post('/api/auth/login', { email, password })
  await client().post('/api/auth/login', { [canary]: canary })
  await client().post('/api/auth/login', `{"email":"${canary}`)
  await client().post('/api/auth/login', canary.repeat(10_000))
  await client().post('/api/auth/login', canary, { 'content-type': canary })
  await client().get('/api/profile', { authorization: `Bearer ${forged}` })
  await client().get('/api/profile', { authorization: `Basic ${canary}` })
  await client().get('/api/profile', { cookie: `access_token=${canary}; other=${canary}` })
  await client().post('/api/auth/refresh', { refreshToken: forged })
  await client().post('/api/auth/refresh', { refreshToken: `${canary}.${canary}.${canary}` })
  await client().post('/api/auth/logout', { refreshToken: forged }, { origin: clientOrigin })
  await client({ origin: `https://${canary}.example` }).post('/api/auth/logout')
  await client().get(`/${canary}?${canary}=${canary}`)
  await client().get(`/%zz/${canary}?${canary}`)
  await client().get('/api/profile', { 'x-request-id': `${canary} ${canary}` })
  const { findByEmail } = app.stores.accounts
  app.stores.accounts.findByEmail = async () => {
    throw Object.assign(new Error('It broke'), { email, password, token: canary })
  }
  await client().post('/api/auth/login', credentials)
  app.stores.accounts.findByEmail = findByEmail
  for (const bytes of [`${canary}\r\n\r\n`, `GET /${canary} HTTP/1.1\r\n${canary}\r\n\r\n`]) {
    const connection = await openConnection(port)
    connection.send(bytes)
    t.equal((await connection.answer())?.status, 400)
    await connection.closed()
  }
  await ada.post('/api/auth/logout')

  const text = JSON.stringify(log)
  t.ok(log.length > 25)
  t.ok(
    log.some(({ level }) => level === 50),
    'failures of ours are in it',
  )
  t.match(text, 'It broke')
  const stored = await findByEmail(email.toLowerCase())
  const hidden = {
    'a word of an email, password, cookie, header, URL or body': canary,
    'a password': 'Stieglitz',
    'a name': 'Huckebein',
    'an argon2 string': '$argon2',
    'a password hash': stored?.passwordHash ?? '',
    'the access secret': secrets.JWT_SECRET,
    'the refresh secret': secrets.JWT_REFRESH_SECRET,
  }
  for (const [what, secret] of Object.entries(hidden)) {
    t.ok(secret !== '' && !text.toLowerCase().includes(secret.toLowerCase()), what)
  }
  for (const token of [...tokens, forged]) {
    for (const part of token.split('.').slice(1)) t.notMatch(text, part, 'a part of a token')
  }
  t.match(text, sessionId, 'but the session is')
})
