import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { refused } from '../support/answers.js'
import { build } from '../support/app.js'

t.test('GET /health/live and /health/ready tell balancers that all is well', async (t) => {
  const { app, log } = await build(t, { LOG_LEVEL: 'info' })
  for (const url of ['/health/live', '/health/ready']) {
    const answer = await app.inject(url)
    t.equal(answer.statusCode, 200)
    const data = { status: 'ok' }
    t.strictSame(answer.json(), { success: true, message: 'ok', ...data, data })
    t.match(answer.headers, { 'x-request-id': /./, 'x-content-type-options': 'nosniff' })
    t.equal((await app.inject({ method: 'HEAD', url })).statusCode, 200)
    refused(t, await app.inject({ method: 'POST', url }), 404, 'NOT_FOUND')
  }
  t.strictSame(
    log.filter(({ route }) => String(route).startsWith('/health')),
    [],
    'without a line in the log for each time they ask',
  )
})

t.test('GET /health tells more, and nothing that an attacker could use', async (t) => {
  const { app } = await build(t)
  const answer = await app.inject('/health')
  t.equal(answer.statusCode, 200)
  const { success, message, data, ...top } = answer.json()
  t.match({ success, message }, { success: true, message: String })
  t.strictSame(Object.keys(data), ['status', 'timestamp', 'uptime', 'version', 'store'])
  t.strictSame(top, data, 'for monitors that look for it at the top')
  t.match(data, { status: 'ok', store: 'ok', version: /^\d+\.\d+\.\d+/, uptime: Number })
  t.ok(Math.abs(Date.parse(data.timestamp) - Date.now()) < 60_000)
})

interface Operation {
  parameters?: { name: string; in: string; required: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<
    string,
    {
      description: string
      content?: Record<string, { schema: { properties?: { code?: { enum: string[] } } } }>
    }
  >
  security?: Record<string, string[]>[]
  tags: string[]
  summary: string
}

t.test('GET /docs/json', async (t) => {
  const { app, client, routes } = await build(t, {
    DOCS: 'true',
    INTROSPECTION_TOKEN: 'letservicesask',
    PUBLIC_URL: 'https://auth.example.com',
  })
  const document = (await app.inject('/docs/json')).json()
  const operations = new Map<string, Operation>()
  for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operations.set(`${method.toUpperCase()} ${path}`, operation)
    }
  }

  t.test('describes every route, and nothing else', async (t) => {
    const served = [...routes]
      .filter((route) => !/^(HEAD|OPTIONS) |\/docs\b/.test(route))
      .map((route) => route.replace(/:(\w+)/g, '{$1}'))
    t.strictSame([...operations.keys()].sort(), served.sort())
    const least = ['register', 'login', 'refresh', 'logout'].map((name) => `POST /api/auth/${name}`)
    for (const route of [...least, 'GET /api/auth/session', 'GET /api/profile', 'GET /health']) {
      t.ok(operations.has(route), route)
    }
  })

  t.test('is OpenAPI 3.1', async (t) => {
    t.match(document, {
      openapi: /^3\.1\.\d$/,
      info: { title: 'Gatehouse', version: /^\d+\.\d+\.\d+/ },
      servers: [{ url: 'https://auth.example.com' }],
    })
    t.notMatch(JSON.stringify(document), /"nullable"|"\$ref":"#\/definitions/, 'not 3.0')
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const schemes = Object.keys(document.components.securitySchemes)
    for (const [name, { parameters = [], requestBody, responses, security = [] }] of operations) {
      const contents = [requestBody, ...Object.values(responses)].flatMap((part) =>
        Object.values(part?.content ?? {}),
      )
      const schemas = [...contents, ...parameters].map(({ schema }) => schema)
      t.doesNotThrow(() => {
        for (const schema of schemas) ajv.compile(schema)
      }, `${name}: every schema is one`)
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      t.strictSame(
        inPath.map(({ name }) => `{${name}}`),
        name.match(/\{\w+\}/g) ?? [],
      )
      t.ok(inPath.every(({ required }) => required))
      t.ok(security.flatMap(Object.keys).every((scheme) => schemes.includes(scheme)))
    }
  })

  t.test('says of every answer what it looks like, and which failures there are', async (t) => {
    for (const [name, { responses, summary, tags }] of operations) {
      t.ok(summary && tags.length > 0, name)
      t.ok(
        Object.keys(responses).some((status) => /^2\d\d$/.test(status)),
        `${name} can succeed`,
      )
      for (const [status, { description, content }] of Object.entries(responses)) {
        const [schema] = Object.values(content ?? {}).map((one) => one.schema)
        t.ok(description && schema, `${name} ${status}`)
        if (Number(status) >= 400) t.ok(schema?.properties?.code?.enum.length)
      }
    }
  })

  t.test('knows the failures that really happen', async (t) => {
    const asks: [method: 'GET' | 'POST', url: string, body?: unknown, headers?: object][] = [
      ['POST', '/api/auth/register', {}],
      ['POST', '/api/auth/login', { email: 'a@b.example', password: 'x' }],
      ['POST', '/api/auth/login', 'x'.repeat(70_000)],
      ['POST', '/api/auth/login', 'x', { 'content-type': 'text/plain' }],
      ['POST', '/api/auth/login', {}, { origin: 'https://evil.example' }],
      ['POST', '/api/auth/refresh'],
      ['POST', '/api/auth/refresh', { refreshToken: 'x' }],
      ['POST', '/api/auth/logout', '{'],
      ['GET', '/api/auth/session'],
      ['GET', '/api/profile', undefined, { authorization: 'Bearer x' }],
    ]
    for (const [method, url, body, headers = {}] of asks) {
      const device = client(headers as Record<string, string>)
      const answer = method === 'GET' ? await device.get(url) : await device.post(url, body)
      const { code } = answer.json()
      const described = operations.get(`${method} ${url}`)?.responses[answer.statusCode]
      const codes = described?.content?.['application/json']?.schema.properties?.code?.enum
      t.ok(codes?.includes(code), `${method} ${url}: ${answer.statusCode} ${code}`)
    }
  })

  t.test('names the cookie as it is set', async (t) => {
    const name = async (variables: Record<string, string>) => {
      const { app } = await build(t, { DOCS: 'true', ...variables })
      return (await app.inject('/docs/json')).json().components.securitySchemes.cookie.name
    }
    t.equal(await name({}), 'access_token')
    t.equal(await name({ COOKIE_SECURE: 'true' }), '__Host-access_token')
    t.equal(
      await name({ COOKIE_SECURE: 'true', COOKIE_DOMAIN: 'example.com' }),
      '__Secure-access_token',
    )
  })
})

t.test('GET /docs is a page with all its parts, also where there is no https', async (t) => {
  const { app } = await build(t, { DOCS: 'true' })
  const page = await app.inject('/docs')
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], 'text/html')
  t.match(page.body, '<title>Gatehouse</title>')
  const policy = String(page.headers['content-security-policy'])
  t.match(policy, /script-src 'self' ;/)
  t.notMatch(policy, 'upgrade-insecure-requests')
  const parts = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, part = '']) => part)
  t.ok(parts.length > 3)
  for (const part of parts) t.equal((await app.inject(part)).statusCode, 200, part)
})

t.test('without DOCS there is nothing below /docs', async (t) => {
  const { app } = await build(t, { DOCS: 'false' })
  for (const url of ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/documentation/json']) {
    refused(t, await app.inject(url), 404, 'NOT_FOUND')
  }
})
