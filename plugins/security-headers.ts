import helmet from '@fastify/helmet'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import { fixedHeaders } from '../src/prefaced-response.js'
import { setFixedHeaders } from './fixed-headers.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route that sets some of the security headers itself. */
    hasOwnPolicy?: true
  }
}

/** Headers of the probe's answer that are not helmet's. */
const notOurs = new Set(['content-length', 'content-type', 'date', 'connection', 'keep-alive'])

/**
 * The security headers of every answer, as helmet makes them for an API that serves no page: nothing may be
 * loaded, framed or posted from it. Taken once from helmet's own output, because they never vary and
 * making them anew costs more than answering a request.
 */
export const securityHeaders = async (options: {
  /** Whether to tell browsers to insist on https (HSTS). */
  secure: boolean
}): Promise<Record<string, string>> => {
  const probe = Fastify()
  await probe.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    hsts: options.secure,
  })
  probe.get('/', async () => '')
  const { headers } = await probe.inject('/')
  await probe.close()
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      notOurs.has(name) ? [] : [[name, String(value)]],
    ),
  )
}

/** Sets them on every answer. */
export default fp<{ headers: Record<string, string> }>(
  async (app, { headers }) => {
    const fixed = fixedHeaders(headers)
    app.addHook('onRequest', (request, reply, done) => {
      if (request.route.config.hasOwnPolicy) reply.headers(headers)
      else setFixedHeaders(reply, fixed)
      done()
    })
  },
  { name: 'security-headers', dependencies: ['route'] },
)
