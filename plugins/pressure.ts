import underPressure from '@fastify/under-pressure'
import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { UnderPressure } from '../src/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: refuses requests, before any work, while the process is past a configured bound. */
    shedLoad: onRequestHookHandler
    pressure: {
      /** Whether it is past one. */
      isOn: () => boolean
      /** Of the last second: the mean delay in milliseconds, and the share of time that it was busy. */
      eventLoop: () => { delayMs: number; utilization: number }
    }
  }
}

/** Two samples: of the event loop the first one after the start has measured the start as well. */
const startMs = 2_000

const MB = 1024 * 1024

/** Offers the shedding of load. @fastify/under-pressure measures; a bound of 0 is off. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    // In a scope of its own, because it would refuse the health checks as well.
    await app.register(async (meter) => {
      const heapMax = config.PRESSURE_MAX_HEAP_MB * MB
      const rssMax = config.PRESSURE_MAX_RSS_MB * MB
      await meter.register(underPressure, {
        maxEventLoopDelay: config.PRESSURE_MAX_EVENT_LOOP_DELAY_MS,
        maxHeapUsedBytes: heapMax,
        maxRssBytes: rssMax,
        maxEventLoopUtilization: config.PRESSURE_MAX_ELU,
        // Not since the start: a day of rest would hide an hour of load, and load an end of it.
        eventLoopUtilizationMode: 'interval',
      })
      let listensSince = Number.NEGATIVE_INFINITY
      meter.addHook('onListen', async () => {
        listensSince = performance.now()
      })
      const isStarting = () => performance.now() - listensSince <= startMs
      const isFull = () => {
        const { heapUsed, rssBytes } = meter.memoryUsage()
        return (heapMax > 0 && heapUsed > heapMax) || (rssMax > 0 && rssBytes > rssMax)
      }
      const isOn = () => meter.isUnderPressure() && (!isStarting() || isFull())
      app.decorate('pressure', {
        isOn,
        eventLoop: () => {
          const { eventLoopDelay, eventLoopUtilized } = meter.memoryUsage()
          // Without one sample in the second it is said to be infinite, which JSON does not know.
          return { delayMs: Math.min(eventLoopDelay, 60_000), utilization: eventLoopUtilized }
        },
      })
      app.decorate('shedLoad', (_request, _reply, done) => {
        if (isOn()) throw new UnderPressure()
        done()
      })
    })
  },
  { name: 'pressure' },
)
