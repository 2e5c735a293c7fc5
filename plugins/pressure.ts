import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { UnderPressure } from '../src/errors.js'

const MB = 1024 * 1024

/** Refuses requests of its scope, before any work, while the process is past a configured bound. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    await app.register(underPressure, {
      maxEventLoopDelay: config.PRESSURE_MAX_EVENT_LOOP_DELAY_MS,
      maxHeapUsedBytes: config.PRESSURE_MAX_HEAP_MB * MB,
      maxRssBytes: config.PRESSURE_MAX_RSS_MB * MB,
      maxEventLoopUtilization: config.PRESSURE_MAX_ELU,
      pressureHandler: () => {
        throw new UnderPressure()
      },
    })
  },
  { name: 'pressure' },
)
