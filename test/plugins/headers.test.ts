import { once } from 'node:events'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import t from 'tap'
import { build, clientOrigin } from '../support/app.js'
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

t.test(
  'over a connection every answer has each header once, and the same as without one',
  async (t) => {
    const { app } = await build(t, { DOCS: 'true' })
    const port = await listen(app)

    const ask = async (options: RequestOptions) => {
      const sent = request({ port, host: '127.0.0.1', agent: false, ...options })
      const [answer]: [IncomingMessage] = await once(sent.end(), 'response').then(([one]) => [one])
      answer.resume()
      const names = answer.rawHeaders
        .filter((_, at) => at % 2 === 0)
        .map((name) => name.toLowerCase())
      return { answer, names }
    }

    const kinds: [what: string, status: number, RequestOptions][] = [
      ['a live one', 200, { path: '/health/live' }],
      ['a refusal', 401, { path: '/api/auth/session' }],
      ['an unknown URL', 404, { path: '/nothing' }],
      ['a URL that is none', 400, { path: '/%zz' }],
      [
        'a foreign page',
        403,
        { path: '/api/auth/logout', method: 'POST', headers: { Origin: 'https://evil.example' } },
      ],
      [
        'a preflight',
        204,
        {
          path: '/api/auth/session',
          method: 'OPTIONS',
          headers: { Origin: clientOrigin, 'Access-Control-Request-Method': 'GET' },
        },
      ],
      ['a page of its own policy', 200, { path: '/docs/' }],
      ['a client', 401, { path: '/api/auth/session', headers: { Origin: clientOrigin } }],
    ]
    for (const [what, status, options] of kinds) {
      t.test(what, async (t) => {
        const { answer, names } = await ask(options)
        t.equal(answer.statusCode, status)
        t.strictSame([...names].sort(), [...new Set(names)].sort(), 'each once')
        for (const name of [...security, 'x-request-id']) t.ok(names.includes(name), name)
        const injected = await app.inject({
          method: (options.method ?? 'GET') as 'GET',
          url: String(options.path),
          headers: { host: 'localhost', ...(options.headers as Record<string, string>) },
        })
        const fixed = Object.keys(injected.headers).filter((name) =>
          /^(access-|x-[cdfp]|cross|vary|content-security)/.test(name),
        )
        t.match(
          answer.headers,
          Object.fromEntries(fixed.map((name) => [name, injected.headers[name]])),
        )
        const isClient =
          (options.headers as { Origin?: string } | undefined)?.Origin === clientOrigin
        t.equal(answer.headers['access-control-allow-origin'], isClient ? clientOrigin : undefined)
      })
    }
  },
)
