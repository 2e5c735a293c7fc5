import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../src/abuse/address.js'
import { createQuota } from '../src/abuse/quota.js'
import type { Config } from '../src/config/schema.js'
import { CsrfRejected } from '../src/errors.js'
import { originOf } from './events.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: refuses unsafe requests that a foreign page made somebody's browser send. */
    rejectForgery: onRequestHookHandler
    /** The same check, for any request, those to an embedding app's own routes too. Throws `CsrfRejected`. */
    requireOwnSource: (request: FastifyRequest) => void
  }
}

/** As many refusals of one network as are told in a minute. */
const toldMax = 100

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Offers the check against cross-site request forgery (ASVS 5.0, 3.5.1) by what the browser says of the
 * request's source, which no page can change: `Sec-Fetch-Site` and `Origin`. CORS does not do this: it
 * hides the answer, after the handler ran. A request with neither header comes from no browser.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const clients = new Set(config.CLIENT_URLS)
    const own = new URL(config.PUBLIC_URL).origin
    // Refused before they count against any limit: without one of their own they could push everything else
    // out of the events that are kept.
    const told = createQuota({ max: toldMax, windowMs: 60_000 })

    const requireOwnSource = (request: FastifyRequest): void => {
      if (safeMethods.has(request.method)) return
      const { origin, 'sec-fetch-site': site } = request.headers
      const isClient = origin !== undefined && clients.has(origin)
      const fromOwnSite = site === undefined || site === 'same-origin' || site === 'none'
      const fromOwnOrigin = origin === undefined || origin === own
      if (isClient || (fromOwnSite && fromOwnOrigin)) return
      const source = originOf(request)
      if (told.take(networkOf(source.ip))) {
        app.events.emit('csrf.rejected', source, { reason: 'foreign_origin' })
      }
      throw new CsrfRejected()
    }
    app.decorate('requireOwnSource', requireOwnSource)
    app.decorate('rejectForgery', (request, _reply, done) => {
      requireOwnSource(request)
      done()
    })
  },
  { name: 'csrf', dependencies: ['events'] },
)
