import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { UnderPressure } from '../src/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: refuses requests, before any work, while the process is past a configured bound. */
    shedLoad: () => Promise<void>
  }
}

const MB = 1024 * 1024

/** Offers the shedding of load. @fastify/under-pressure measures; a bound of 0 is off. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    // In a scope of its own, because it would refuse the health checks as well.
    await app.register(async (meter) => {
      await meter.register(underPressure, {
        maxEventLoopDelay: config.PRESSURE_MAX_EVENT_LOOP_DELAY_MS,
        maxHeapUsedBytes: config.PRESSURE_MAX_HEAP_MB * MB,
        maxRssBytes: config.PRESSURE_MAX_RSS_MB * MB,
        maxEventLoopUtilization: config.PRESSURE_MAX_ELU,
      })
      app.decorate('shedLoad', async () => {
        if (meter.isUnderPressure()) throw new UnderPressure()
      })
    })
  },
  { name: 'pressure' },
)
