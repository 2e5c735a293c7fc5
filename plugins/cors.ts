import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { fixedHeaders } from '../src/prefaced-response.js'
import { setFixedHeaders } from './fixed-headers.js'

/** What an answer says to the scripts of a listed origin (Fetch, 3.3.3), besides the origin itself. */
const readable = {
  'Access-Control-Allow-Credentials': 'true',
  'Access-Control-Expose-Headers': [
    'X-Request-ID',
    'X-Token-Refresh-Required',
    'X-New-Token',
    'Retry-After',
    'RateLimit-Limit',
    'RateLimit-Remaining',
    'RateLimit-Reset',
  ].join(', '),
}

/** And what it says before a request. Seconds: as long as any browser keeps it. */
const preflight = {
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PATCH, DELETE',
  'Access-Control-Allow-Headers': 'Content-Type, Authorization, X-Request-ID, X-Token-Delivery',
  'Access-Control-Max-Age': '7200',
  // Of other caches than the browser's for preflights.
  'Cache-Control': 'no-store',
}

const vary = fixedHeaders({ Vary: 'Origin' })

/** Caches have to know that the answer is another for each origin. */
const varyByOrigin = (reply: FastifyReply): void => {
  const present = reply.getHeader('Vary')
  if (present === undefined) {
    setFixedHeaders(reply, vary)
    return
  }
  const names = String(present)
    .split(',')
    .map((name) => name.trim())
  if (!names.includes('Origin')) reply.header('Vary', `${present}, Origin`)
}

/**
 * Lets the configured origins, and no others, read answers with credentials. Not by @fastify/cors: that one
 * takes the OPTIONS requests of a whole app, and in an embedding app they are not ours. Here each of our
 * routes gets its own, and a @fastify/cors of the app is told to leave them alone.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const clients = new Map(
      config.CLIENT_URLS.map((origin) => [
        origin,
        fixedHeaders({ 'Access-Control-Allow-Origin': origin, ...readable }),
      ]),
    )

    app.addHook('onRequest', (request, reply, done) => {
      const { origin, 'access-control-request-method': asked } = request.headers
      varyByOrigin(reply)
      const headers = origin === undefined ? undefined : clients.get(origin)
      if (headers === undefined) return done()
      setFixedHeaders(reply, headers)
      if (request.method !== 'OPTIONS' || asked === undefined) return done()
      // Here and not in the route, before anybody asks for a token: a preflight bears none.
      reply.headers(preflight).code(204).send()
    })

    const known = new Set<string>()
    app.addHook('onRoute', (route) => {
      route.config = Object.assign({}, route.config, { cors: false })
      if (known.has(route.url)) return
      known.add(route.url)
      app.options(route.url.slice(app.prefix.length), { schema: { hide: true } }, (_, reply) =>
        reply.callNotFound(),
      )
    })
  },
  { name: 'cors' },
)
