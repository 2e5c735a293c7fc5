import fp from 'fastify-plugin'
import type { Tracing } from '../src/tracing.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Begins the span of one operation of the store; undefined where there is none. */
    traceOperation: Tracing['operation']
  }
}

/** Makes spans of requests, where somebody collects them. Otherwise nothing of OpenTelemetry is loaded. */
export default fp<{ endpoint: string | undefined }>(
  async (app, { endpoint }) => {
    if (endpoint === undefined) {
      app.decorate('traceOperation', () => undefined)
      return
    }
    const { startTracing } = await import('../src/tracing.js')
    const { plugin, operation, close } = startTracing(endpoint)
    await app.register(plugin)
    app.decorate('traceOperation', operation)
    app.addHook('onClose', async () => {
      // What a collector that is away has missed keeps nobody.
      await close().catch((err: unknown) => app.log.warn({ err }, 'the last traces were not sent'))
    })
  },
  { name: 'tracing' },
)
