import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Emit, Origin } from '../src/events/security-event.js'

declare module 'fastify' {
  interface FastifyInstance {
    events: { emit: Emit }
  }
  interface FastifyRequest {
    /** Where the request comes from, as events and sessions keep it. */
    readonly origin: Origin
  }
}

/** The longest User-Agent that is kept; real ones are shorter. */
const userAgentMax = 256

/** Offers the security events: each is a line in the log, whatever its level is set to. */
export default fp(
  async (app) => {
    const log = app.log.child({}, { level: 'info' })
    app.decorate('events', {
      emit: (type, origin, details) =>
        log.info({ event: type, ...origin, ...details }, 'security event'),
    })
    app.decorateRequest('origin', {
      getter(this: FastifyRequest) {
        return {
          requestId: this.id,
          ip: this.ip,
          userAgent: (this.headers['user-agent'] ?? '').slice(0, userAgentMax),
        }
      },
    })
  },
  { name: 'events' },
)
