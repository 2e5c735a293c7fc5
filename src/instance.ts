import { buildApp } from './app.js'
import type { Config } from './config/schema.js'

/** Starts one instance and resolves when it listens. It ends, with grace, on SIGTERM and SIGINT. */
export const startInstance = async (config: Config): Promise<void> => {
  const app = await buildApp(config)
  const url = await app.listen({ host: config.HOST, port: config.PORT })
  const docs = config.DOCS ? `${url}/docs` : undefined
  const { kind: store } = app.stores
  app.log.info({ url, profile: config.NODE_ENV, store, docs }, 'listening')

  const stop = (signal: NodeJS.Signals) => {
    app.log.info({ signal }, 'stopping')
    // A request that never ends must not keep the process: its client has had the whole time-out.
    setTimeout(() => process.exit(1), config.SHUTDOWN_TIMEOUT).unref()
    app.close().then(
      () => process.exit(0),
      (err: unknown) => {
        app.log.error({ err }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}
