import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../src/abuse/address.js'
import { createCounters } from '../src/abuse/counters.js'
import type { Config } from '../src/config/schema.js'
import { RateLimitExceeded } from '../src/errors.js'

type Answer = (error: Error | null, result?: { current: number; ttl: number }) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: limits requests, by account or by address. Comes after `recognise`. */
    limitRequests: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  }
}

/**
 * Offers the limit of requests: of a signed-in person by account, of everybody else by address. Counted
 * in memory and exchanged between instances in the background, so it costs no round trip and goes on while
 * the store is away.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const counters = createCounters(app.stores.exchange?.counters)
    app.addHook('onClose', async () => counters.close())

    /** @fastify/rate-limit's port, on our counters. */
    class CounterStore {
      incr(key: string, answer: Answer, windowMs: number, max: number): void {
        const { current, leftMs } = counters.count(key, windowMs, max)
        answer(null, { current, ttl: leftMs })
      }
      child(): CounterStore {
        return this
      }
    }

    // In an app of its own: an embedding app may have the plugin too, with limits that are not ours.
    const library = Fastify()
    await library.register(rateLimit, {
      global: false,
      store: CounterStore,
      enableDraftSpec: true,
      timeWindow: config.RATE_LIMIT_WINDOW_MS,
      max: (_request: FastifyRequest, key: string) =>
        key.startsWith('address:') ? config.RATE_LIMIT_MAX_REQUESTS : config.RATE_LIMIT_USER_MAX,
      keyGenerator: (request: FastifyRequest) => {
        const { recognised, sessionId } = request
        if (recognised) return `account:${recognised.userId}`
        // A refresh of many tabs or of a whole office: the token is genuine, even if its session may be over.
        return sessionId ? `session:${sessionId}` : `address:${networkOf(request.origin.ip)}`
      },
      onExceeded: (request: FastifyRequest, key: string) => {
        // Once a window: a flood must not push everything else out of the log.
        if (!counters.isFirstReport(key)) return
        app.events.emit('rate_limit.exceeded', request.origin, { reason: 'requests' })
      },
      errorResponseBuilder: (_request, { ttl }) =>
        new RateLimitExceeded({ retryAfter: Math.ceil(ttl / 1000) }),
    })
    const limit = library.rateLimit()
    app.decorate('limitRequests', async (request: FastifyRequest, reply: FastifyReply) => {
      await limit.call(library, request, reply)
    })
  },
  { name: 'limits', dependencies: ['stores', 'events', 'authenticate'] },
)
