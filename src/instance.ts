import type { AddressInfo } from 'node:net'
import { buildApp } from './app.js'
import type { Config } from './config/schema.js'
import { configExit } from './exit-codes.js'
import { version } from './version.js'

/** Where a person on this machine reaches the server. */
const localUrl = (config: Config, { port }: AddressInfo): string => {
  const isLocal = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(config.HOST)
  return `http://${isLocal ? 'localhost' : config.HOST}:${port}`
}

/** Starts one instance and resolves when it listens. It ends, with grace, on SIGTERM and SIGINT. */
export const startInstance = async (config: Config): Promise<void> => {
  const app = await buildApp(config)
  // Found out whenever the store is there: at start, or after an outage in which it became another one.
  void app.storeIncompatible.then((error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(configExit)
  })
  await app.listen({ host: config.HOST, port: config.PORT })
  // An app that listens on a port has an address of this kind.
  const url = localUrl(config, app.server.address() as AddressInfo)
  const { kind: store } = app.stores
  const docs = config.DOCS ? `${url}/docs` : undefined
  app.log.info({ url, profile: config.NODE_ENV, store, docs }, 'listening')
  if (config.NODE_ENV === 'development') {
    const where = store === 'embedded' ? `embedded, in ${config.EMBEDDED_STORE_PATH}` : store
    const lines = [`Gatehouse ${version}`, `  url      ${url}`, `  profile  ${config.NODE_ENV}`]
    lines.push(`  store    ${where}`, ...(docs === undefined ? [] : [`  docs     ${docs}`]))
    process.stdout.write(`\n${lines.join('\n')}\n\n`)
  }

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
