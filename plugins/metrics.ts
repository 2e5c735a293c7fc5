import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Registry } from 'prom-client'
import type { Fleet } from '../src/fleet.js'
import { createInstruments, type Instruments } from '../src/metrics/instruments.js'
import { processMetrics } from '../src/metrics/process-metrics.js'
import { textOf } from '../src/metrics/snapshot.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The other workers; undefined where there is no cluster. */
    fleet: Fleet | undefined
    /** What is measured; see docs/metrics.md. */
    metrics: Instruments & {
      /** Prometheus' text form of all, of all workers of a cluster. */
      text: () => Promise<string>
    }
  }
}

/** Offers the instruments, and measures every request of this scope. */
export default fp<{ fleet?: Fleet | undefined }>(
  async (app, { fleet }) => {
    const instruments = createInstruments()
    const own = () => Registry.merge([instruments.registry, processMetrics()])
    app.decorate('fleet', fleet)
    fleet?.answerWith(() => own().getMetricsAsJSON())
    app.decorate('metrics', {
      ...instruments,
      text: async () => (fleet === undefined ? own().metrics() : textOf(await fleet.snapshots())),
    })
    app.addHook('onResponse', (request: FastifyRequest, reply, done) => {
      const { url = 'unknown' } = request.route
      instruments.requested(url, request.method, reply.statusCode, reply.elapsedTime / 1000)
      done()
    })
  },
  { name: 'metrics', dependencies: ['route'] },
)
