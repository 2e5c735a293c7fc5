import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { createActivityWatch, isSession, strangerOf } from '../src/abuse/activity.js'
import { networkOf } from '../src/abuse/address.js'
import { type Activity, type Anomaly, judgeActivity } from '../src/abuse/anomaly-rules.js'
import type { Config } from '../src/config/schema.js'
import { GatehouseError, SuspiciousActivityBlocked } from '../src/errors.js'
import { hasHeader, setHarmlessHeader } from './fixed-headers.js'

/** The header that tells what was found. */
const securityCheck = 'X-Security-Check'

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
  // No other text: the session's own id has been hashed before, by the maps that it is looked up in.
  if (sessionId !== undefined) return sessionId
  const text = `${networkOf(request.origin.ip)} ${request.origin.userAgent}`
  return strangerOf(createHash('sha256').update(text).digest('base64url').slice(0, 22))
}

/** Every unknown URL is a route of its own, without its query. */
const routeOf = (request: FastifyRequest): string =>
  request.route.url ?? request.url.split('?', 1)[0] ?? ''

/** When a token says that it ends; 0 where it says nothing. Believed without a look at its signature. */
const endOf = (token: string): number => {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    )
    return Number((claims as { exp?: unknown } | null)?.exp) * 1000 || 0
  } catch {
    return 0
  }
}

/**
 * Whether a request was refused for something that was presented as proof. An expired token is none: forged
 * or not, nobody gets in by presenting it.
 */
const isFailure = (request: FastifyRequest, error: Error): boolean => {
  if (!(error instanceof GatehouseError) || !failures.has(error.code)) return false
  if (error.code !== 'REFRESH_FAILED') return true
  const { refreshToken } = (request.body ?? {}) as { refreshToken?: string }
  const presented = refreshToken === undefined ? request.tokens.refresh : [refreshToken]
  return presented.some((token) => !(endOf(token) > 0 && endOf(token) <= Date.now()))
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: marks, or refuses, what looks automated. Comes after `recognise`. */
    detectAnomaly: onRequestHookHandler
    /** `onError` hook: notes refused authentications, and marks what was refused before it was judged. */
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
      app.decorate('detectAnomaly', (_request, _reply, done) => done())
      app.decorate('noteFailure', async () => {})
      return
    }
    const enforces = config.ANOMALY_MODE === 'enforce'
    const rules = {
      requestsMax: config.ANOMALY_MAX_REQUESTS_PER_MINUTE,
      routesMax: config.ANOMALY_MAX_ENDPOINTS_PER_MINUTE,
      failuresMax: config.ANOMALY_MAX_AUTH_FAILURES_PER_MINUTE,
    }
    const watch = createActivityWatch(app.stores.exchange?.activity, rules)
    app.addHook('onClose', async () => watch.close())

    const refuse = (leftMs: number): never => {
      throw new SuspiciousActivityBlocked({ retryAfter: Math.ceil(leftMs / 1000) })
    }
    const judge = (request: FastifyRequest, client: string, activity: Activity): Anomaly => {
      const { headers, origin } = request
      const hasAcceptHeaders =
        headers.accept !== undefined ||
        headers['accept-language'] !== undefined ||
        headers['accept-encoding'] !== undefined
      const { userAgent } = origin
      return judgeActivity(activity, { userAgent, hasAcceptHeaders }, rules, isSession(client))
    }

    const tell = (reply: FastifyReply, anomaly: Anomaly) =>
      setHarmlessHeader(reply, securityCheck, anomaly === 'none' ? 'PASSED' : 'FLAGGED')

    app.decorate('detectAnomaly', (request, reply, done) => {
      const client = clientOf(request)
      const leftMs = enforces ? watch.blockedMs(client) : 0
      if (leftMs > 0) refuse(leftMs)
      const anomaly = judge(request, client, watch.request(client, routeOf(request)))
      if (anomaly === 'high' && enforces) {
        watch.block(client, blockMs)
        app.events.emit('anomaly.blocked', request.origin, { reason: anomaly })
        refuse(blockMs)
      }
      tell(reply, anomaly)
      if (anomaly !== 'none' && watch.isFirstFlag(client)) {
        app.events.emit('anomaly.flagged', request.origin, { reason: anomaly })
      }
      done()
    })

    app.decorate('noteFailure', async (request, reply, error) => {
      if (isFailure(request, error)) watch.failure(clientOf(request))
      if (hasHeader(reply, securityCheck) || error instanceof SuspiciousActivityBlocked) return
      // Refused before it was judged, for its origin or by a limit: it is told what is known of its client.
      const client = clientOf(request)
      tell(reply, judge(request, client, watch.look(client)))
    })
  },
  { name: 'anomaly', dependencies: ['route', 'stores', 'events', 'authenticate'] },
)
