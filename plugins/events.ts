import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { pino } from 'pino'
import type { Config } from '../src/config/schema.js'
import { createRecorder } from '../src/events/recorder.js'
import { type Emit, type EventType, type Origin, vocabulary } from '../src/events/security-event.js'
import { openLogFile } from '../src/log-file.js'

declare module 'fastify' {
  interface FastifyInstance {
    events: {
      emit: Emit
      /** How many of each type this process has emitted. */
      counts: ReadonlyMap<EventType, number>
    }
  }
  interface FastifyRequest {
    /** Where the request comes from, as events and sessions keep it. */
    readonly origin: Origin
  }
}

/** The longest User-Agent that is kept; real ones are shorter. */
const userAgentMax = 256

/**
 * Offers the security events. Each is a line in the log whatever its level, in a file of their own where one
 * is configured, and an entry in the store.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { SECURITY_LOG_FILE: file } = config
    const log = app.log.child({}, { level: 'info' })
    const ownLog = file === undefined ? undefined : pino(openLogFile(file))
    const recorder = createRecorder(app.stores.events)
    const counts = new Map<EventType, number>()
    app.addHook('onClose', () => recorder.close())

    const emit: Emit = (type, origin, details) => {
      const line = { event: type, owasp: vocabulary[type], ...origin, ...details }
      log.info(line, 'security event')
      ownLog?.info(line, 'security event')
      recorder.record({ type, time: Date.now(), ...origin, ...details })
      counts.set(type, (counts.get(type) ?? 0) + 1)
    }

    app.decorate('events', { emit, counts })
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
  { name: 'events', dependencies: ['stores'] },
)
