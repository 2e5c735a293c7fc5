import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createActivityWatch } from '../src/abuse/activity.js'
import { networkOf } from '../src/abuse/address.js'
import { type Anomaly, judgeActivity } from '../src/abuse/anomaly-rules.js'
import type { Config } from '../src/config/schema.js'
import { GatehouseError, SuspiciousActivityBlocked } from '../src/errors.js'

/** How long a client is blocked, in milliseconds. */
const blockMs = 60_000

/** Refusals of something that was presented as proof; a missing or expired token is none. */
const failures = new Set([
  'INVALID_CREDENTIALS',
  'INVALID_TOKEN',
  'REFRESH_FAILED',
  'INVALID_REFRESH_TOKEN',
])

/**
 * Who a request counts for: the session of a signed-in person, so that noise from outside never blocks
 * them and an office behind one address is many; otherwise address and browser together.
 */
const clientOf = (request: FastifyRequest): string => {
  const { sessionId } = request
  if (sessionId !== undefined) return `session:${sessionId}`
  const text = `${networkOf(request.ip)} ${request.origin.userAgent}`
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/** Every unknown URL is a route of its own, without its query. */
const routeOf = (request: FastifyRequest): string =>
  request.routeOptions.url ?? request.url.split('?', 1)[0]?.slice(0, 128) ?? ''

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: marks, or refuses, what looks automated. Comes after `recognise`. */
    detectAnomaly: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
    /** `onError` hook: notes refused authentications. */
    noteFailure: (request: FastifyRequest, reply: FastifyReply, error: Error) => Promise<void>
  }
}

/**
 * Offers the watch over requests for what people do not do, marks them, and in `enforce` refuses what is
 * surely no person.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    if (config.ANOMALY_MODE === 'off') {
      app.decorate('detectAnomaly', async () => {})
      app.decorate('noteFailure', async () => {})
      return
    }
    const enforces = config.ANOMALY_MODE === 'enforce'
    const rules = {
      requestsMax: config.ANOMALY_MAX_REQUESTS_PER_MINUTE,
      routesMax: config.ANOMALY_MAX_ENDPOINTS_PER_MINUTE,
      failuresMax: config.ANOMALY_MAX_AUTH_FAILURES_PER_MINUTE,
    }
    const watch = createActivityWatch(app.stores.exchange?.activity)
    app.addHook('onClose', async () => watch.close())

    const refuse = (leftMs: number): never => {
      throw new SuspiciousActivityBlocked({ retryAfter: Math.ceil(leftMs / 1000) })
    }
    const judge = (request: FastifyRequest, client: string): Anomaly => {
      const { headers, origin } = request
      const activity = watch.request(client, routeOf(request))
      const hasAcceptHeaders =
        headers.accept !== undefined ||
        headers['accept-language'] !== undefined ||
        headers['accept-encoding'] !== undefined
      const { userAgent } = origin
      return judgeActivity(
        activity,
        { userAgent, hasAcceptHeaders },
        rules,
        client.startsWith('session:'),
      )
    }

    app.decorate('detectAnomaly', async (request: FastifyRequest, reply: FastifyReply) => {
      const client = clientOf(request)
      const leftMs = watch.blockedMs(client)
      if (leftMs > 0) refuse(leftMs)
      const anomaly = judge(request, client)
      reply.header('X-Security-Check', anomaly === 'none' ? 'PASSED' : 'FLAGGED')
      if (anomaly === 'none') return
      const blocks = anomaly === 'high' && enforces
      if (blocks) watch.block(client, blockMs)
      if (blocks || watch.isFirstFlag(client)) {
        const type = blocks ? 'anomaly.blocked' : 'anomaly.flagged'
        app.events.emit(type, request.origin, { reason: anomaly })
      }
      if (blocks) refuse(blockMs)
    })

    app.decorate('noteFailure', async (request, _reply, error) => {
      if (error instanceof GatehouseError && failures.has(error.code))
        watch.failure(clientOf(request))
    })
  },
  { name: 'anomaly', dependencies: ['stores', 'events', 'authenticate'] },
)
