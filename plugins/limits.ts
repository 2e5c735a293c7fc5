import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyReply, type FastifyRequest, type onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { networkOf } from '../src/abuse/address.js'
import { createCounters } from '../src/abuse/counters.js'
import type { Config } from '../src/config/schema.js'
import { RateLimitExceeded } from '../src/errors.js'
import { setHarmlessHeader } from './fixed-headers.js'

type Answer = (error: Error | null, result?: { current: number; ttl: number }) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: limits requests, by account or by address. Comes after `recognise`. */
    limitRequests: onRequestHookHandler
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

    const { RATE_LIMIT_WINDOW_MS: windowMs, RATE_LIMIT_USER_MAX: userMax } = config
    const refused = (leftMs: number) =>
      new RateLimitExceeded({ retryAfter: Math.ceil(leftMs / 1000) })
    const report = (request: FastifyRequest, key: string) => {
      // Once a window: a flood must not push everything else out of the log.
      if (!counters.isFirstReport(key)) return
      app.events.emit('rate_limit.exceeded', request.origin, { reason: 'requests' })
    }

    // In an app of its own: an embedding app may have the plugin too, with limits that are not ours.
    const library = Fastify()
    await library.register(rateLimit, {
      global: false,
      store: CounterStore,
      enableDraftSpec: true,
      timeWindow: windowMs,
      max: config.RATE_LIMIT_MAX_REQUESTS,
      keyGenerator: ({ origin }: FastifyRequest) => `address:${networkOf(origin.ip)}`,
      onExceeded: report,
      errorResponseBuilder: (_request, { ttl }) => refused(ttl),
    })
    const limitStranger = library.rateLimit()

    /** What the library does, in a tenth of its time: most requests are those of people who are known. */
    const limitKnown = (key: string, request: FastifyRequest, reply: FastifyReply) => {
      const { current, leftMs } = counters.count(key, windowMs, userMax)
      setHarmlessHeader(reply, 'ratelimit-limit', userMax)
      setHarmlessHeader(reply, 'ratelimit-remaining', Math.max(0, userMax - current))
      setHarmlessHeader(reply, 'ratelimit-reset', Math.ceil(leftMs / 1000))
      if (current <= userMax) return
      report(request, key)
      throw refused(leftMs)
    }

    /** The id of who is known, which no address can be taken for. */
    const keyOf = ({ recognised, sessionId }: FastifyRequest): string | undefined => {
      // A refresh of many tabs or of a whole office: the token is genuine, even if its session may be over.
      return recognised?.userId ?? sessionId
    }

    app.decorate('limitRequests', (request, reply, done) => {
      const key = keyOf(request)
      if (key === undefined) {
        limitStranger.call(library, request, reply).then(() => done(), done)
      } else {
        limitKnown(key, request, reply)
        done()
      }
    })
  },
  { name: 'limits', dependencies: ['stores', 'events', 'authenticate'] },
)
