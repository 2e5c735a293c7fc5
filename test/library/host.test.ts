import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { gatehouse } from '../../src/index.js'
import { invalid, refused } from '../support/answers.js'
import { clientOrigin, person } from '../support/app.js'
import { embed } from './host.js'

/** An app with ways of its own in everything that Gatehouse has ways of its own in. */
const withOwnWays = (app: FastifyInstance) => {
  app.setErrorHandler((error: Error, _request, reply) =>
    reply.code(418).send(`own: ${error.message}`),
  )
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('own: nothing here'))
  app.setValidatorCompiler(
    () => (value) => (value === 'no' ? { error: new Error('own: no') } : { value }),
  )
  app.setSerializerCompiler(() => () => '"own: serialised"')
  app.addContentTypeParser(
    '*',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => body,
  )
}

t.test("a host's own routes stay as they are", async (t) => {
  const { app } = await embed(t, { before: withOwnWays })
  app.post('/echo', { schema: { body: {} } }, async ({ body }) => `own: ${body}`)
  app.get('/serialised', { schema: { response: { 200: {} } } }, async () => ({}))
  app.get('/broken', () => {
    throw new Error('it broke')
  })
  app.get('/plain', async () => 'plain')

  t.test('errors, validation, parsers and serialisation are its own', async (t) => {
    const echo = (payload: string) =>
      app.inject({ method: 'POST', url: '/echo', payload, headers: { 'content-type': 'text/odd' } })
    t.equal((await echo('text')).body, 'own: text')
    t.match(await echo('no'), { statusCode: 418, body: /own: .*no/ })
    t.match(await app.inject('/broken'), { statusCode: 418, body: 'own: it broke' })
    t.equal((await app.inject('/serialised')).body, '"own: serialised"')
  })

  t.test('unknown URLs are its own, beside the routes of Gatehouse too', async (t) => {
    for (const url of ['/nowhere', '/api/nowhere', '/api/auth/nowhere']) {
      t.match(await app.inject(url), { statusCode: 404, body: 'own: nothing here' })
    }
  })

  t.test('its answers bear no header that it does not set', async (t) => {
    const { headers } = await app.inject({ url: '/plain', headers: { origin: clientOrigin } })
    t.strictSame(Object.keys(headers).sort(), [
      'connection',
      'content-length',
      'content-type',
      'date',
    ])
    const preflight = { origin: clientOrigin, 'access-control-request-method': 'GET' }
    t.match(await app.inject({ method: 'OPTIONS', url: '/plain', headers: preflight }), {
      statusCode: 404,
      body: 'own: nothing here',
    })
  })

  t.test('it gets the guards, and nothing else', async (t) => {
    for (const name of ['authenticate', 'authorize']) t.ok(app.hasDecorator(name))
    for (const name of ['stores', 'sessions', 'tokens', 'accounts', 'events', 'recognise']) {
      t.notOk(app.hasDecorator(name), name)
    }
    t.ok(app.hasRequestDecorator('user'))
    t.notOk(app.hasRequestDecorator('tokens'))
  })
})

t.test('Gatehouse keeps to its own ways in it', async (t) => {
  const { app, client, signedUp } = await embed(t, {
    before: withOwnWays,
    variables: { BODY_LIMIT: '2000' },
  })
  const ada = await signedUp('ada')
  const login = '/api/auth/login'

  t.test('answers, headers and cookies are those of the server', async (t) => {
    const answer = await ada.get('/api/auth/session')
    t.match(answer.json(), { success: true, data: { user: { email: 'ada@example.com' } } })
    t.match(answer.headers, {
      'x-request-id': /./,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    const refresh = await ada.post('/api/auth/refresh')
    t.match(String(refresh.headers['set-cookie']), /refresh_token=.+; Path=\/api\/auth; HttpOnly/)
    t.equal((await app.inject('/.well-known/jwks.json')).statusCode, 200)
    t.equal((await app.inject('/health/ready')).statusCode, 200)
  })

  t.test('input is as strict', async (t) => {
    const { email, password } = person('ada')
    invalid(t, await client().post(login, { email: [email], password }), ['email'])
    invalid(t, await client().post(login, '{'), ['body'])
    const headers = { 'content-type': 'text/odd' }
    refused(t, await client().post(login, 'text', headers), 415, 'UNSUPPORTED_MEDIA_TYPE')
    refused(t, await client().post(login, 'x'.repeat(2_001)), 413, 'PAYLOAD_TOO_LARGE')
  })

  t.test('origins are as strict', async (t) => {
    const foreign = { origin: 'https://evil.example' }
    refused(t, await client().post(login, {}, foreign), 403, 'CSRF_REJECTED')
    const preflight = { origin: clientOrigin, 'access-control-request-method': 'POST' }
    const answer = await app.inject({ method: 'OPTIONS', url: login, headers: preflight })
    t.match(answer, { statusCode: 204, headers: { 'access-control-allow-origin': clientOrigin } })
  })
})

t.test("what a host's own hooks refuse is answered as the host does", async (t) => {
  const teapot = Object.assign(new Error('no more of this'), { statusCode: 429, code: 'OWN_LIMIT' })
  const before = (app: FastifyInstance) => {
    withOwnWays(app)
    app.addHook('onRequest', async (request) => {
      const { refuse } = request.headers
      if (refuse === 'as limited') throw teapot
      if (refuse === 'as broken') throw new Error('a secret of the host')
    })
  }
  const { client } = await embed(t, { before })
  const ask = (refuse: string) => client().get('/api/auth/session', { refuse })
  t.match(await ask('as limited'), { statusCode: 418, body: 'own: no more of this' })
  refused(t, await ask('as broken'), 500, 'INTERNAL_ERROR')
  refused(t, await ask('no'), 401, 'NO_TOKEN')
  invalid(t, await client().post('/api/auth/login', { odd: 1 }), ['email', 'password', 'odd'])
})

t.test('an app that has the libraries too', async (t) => {
  const libraries = async (app: FastifyInstance) => {
    await app.register(cookie, {
      secret: 'not a secret',
      parseOptions: { signed: true, path: '/own' },
    })
    await app.register(cors, { origin: '*' })
    await app.register(swagger, { openapi: { info: { title: 'own', version: '1' } } })
    await app.register(rateLimit, { max: 1_000, timeWindow: 60_000 })
  }
  const before = async (app: FastifyInstance) => {
    await libraries(app)
    await app.register(jwt, { secret: 'not a secret either' })
  }
  const orders = {
    'before it': () =>
      embed(t, { before, variables: { DOCS: 'true', RATE_LIMIT_MAX_REQUESTS: '77' } }),
    'after it': async () => {
      const host = await embed(t, { variables: { DOCS: 'true', RATE_LIMIT_MAX_REQUESTS: '77' } })
      await libraries(host.app)
      return host
    },
  }
  for (const [order, start] of Object.entries(orders)) {
    t.test(`registered ${order}`, async (t) => {
      const { app, client, signedUp } = await start()
      app.get('/own', async (_request, reply) => reply.setCookie('own', 'x').send('own'))
      app.get('/mine', { onRequest: app.authenticate }, async ({ user }) => user.email)
      const ada = await signedUp('ada')
      t.equal((await ada.get('/mine')).body, 'ada@example.com')
      t.match((await ada.get('/api/profile')).json().data.user, { email: 'ada@example.com' })

      const url = '/api/auth/session'
      const { headers } = await app.inject({ url, headers: { origin: 'https://evil.example' } })
      t.notOk('access-control-allow-origin' in headers, 'our origins alone')
      t.equal(headers['ratelimit-limit'], '77', 'our limits')
      const asked = { origin: 'https://evil.example', 'access-control-request-method': 'GET' }
      t.notOk(
        'access-control-allow-origin' in
          (await app.inject({ method: 'OPTIONS', url, headers: asked })).headers,
      )
      t.equal((await client().get('/docs/json')).json().info.title, 'Gatehouse')

      const own = await app.inject({ url: '/own', headers: { origin: 'https://evil.example' } })
      t.equal(own.headers['access-control-allow-origin'], '*', 'and its own')
      t.match(String(own.headers['set-cookie']), /^own=x\..+; Path=\/own/)
      const paths = Object.keys(app.swagger().paths ?? {})
      t.strictSame(paths, ['/own', '/mine'], 'its own document')
    })
  }
})

t.test('below a prefix', async (t) => {
  const { app, client, signedUp } = await embed(t, {
    prefix: '/gate',
    variables: { DOCS: 'true' },
    before: withOwnWays,
  })
  const ada = await signedUp('ada')

  t.test('everything is below it, the path of the refresh cookie too', async (t) => {
    const answer = await ada.post('/gate/api/auth/refresh')
    t.equal(answer.statusCode, 200)
    t.strictSame(
      answer.cookies.map(({ name, path }) => [name, path]),
      [
        ['access_token', '/'],
        ['refresh_token', '/gate/api/auth'],
      ],
    )
    t.strictSame(ada.cookies('/api/auth/refresh').refresh_token, undefined)
    for (const url of ['/gate/.well-known/jwks.json', '/gate/health', '/gate/docs/json']) {
      t.equal((await app.inject(url)).statusCode, 200, url)
    }
    t.equal((await app.inject('/api/auth/session')).body, 'own: nothing here')
    t.equal((await ada.post('/gate/api/auth/logout')).statusCode, 200)
    t.notOk('refresh_token' in ada.cookies('/gate/api/auth'), 'and it is cleared there')
  })

  t.test('unknown URLs below it are ours, others are not', async (t) => {
    refused(t, await client().get('/gate/nowhere'), 404, 'NOT_FOUND')
    refused(t, await client().get('/gate/api/nowhere'), 404, 'NOT_FOUND')
    t.equal((await client().get('/nowhere')).body, 'own: nothing here')
  })
})

t.test('in a scope of the app it belongs to that scope', async (t) => {
  const { config } = await embed(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(
    async (scope) => {
      await scope.register(gatehouse, {
        config: { ...config, EMBEDDED_STORE_PATH: `${config.EMBEDDED_STORE_PATH}2` },
        prefix: 'gate',
      })
      scope.get('/mine', { onRequest: scope.authenticate }, async ({ user }) => user.email)
    },
    { prefix: '/v1' },
  )
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/gate/api/auth/register',
    payload: person('ada'),
  })
  t.strictSame(answer.cookies.map(({ path }) => path).slice(0, 2), ['/', '/v1/gate/api/auth'])
  t.equal((await app.inject('/v1/mine')).statusCode, 401)
  t.notOk(app.hasDecorator('authenticate'))
})

t.test('what can not be is refused clearly', async (t) => {
  const { app, config } = await embed(t)
  t.test('a second time', async (t) => {
    await t.rejects(
      async () => app.register(gatehouse, { config }),
      /app.authenticate is taken: Gatehouse is registered here already/,
    )
  })
  t.test('in an app with guards of its own', async (t) => {
    const other = Fastify()
    t.teardown(() => other.close())
    other.decorate('authorize', () => async () => {})
    await t.rejects(async () => other.register(gatehouse, { config }), /app.authorize is taken/)
  })
})

t.test('its store closes with the app, and another can open it', async (t) => {
  const { app, config, signedUp } = await embed(t)
  const { email, password } = person('ada')
  await signedUp('ada')
  await app.close()
  const next = Fastify()
  t.teardown(() => next.close())
  await next.register(gatehouse, { config })
  const payload = { email, password }
  t.equal((await next.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode, 200)
})
