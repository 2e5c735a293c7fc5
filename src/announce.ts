import type { Logger } from 'pino'
import type { Config } from './config/schema.js'
import { version } from './version.js'

/** Where a person on this machine reaches the server. */
const localUrl = (host: string, port: number): string => {
  const isLocal = ['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host)
  return `http://${isLocal ? 'localhost' : host}:${port}`
}

/** Says, once, that the server serves, and where: in the log, and in development in a banner as well. */
export const announce = (config: Config, port: number, log: Pick<Logger, 'info'>): void => {
  const url = localUrl(config.HOST, port)
  const store = config.REDIS_URL === undefined ? 'embedded' : 'redis'
  const docs = config.DOCS ? `${url}/docs` : undefined
  const { NODE_ENV: profile, CLUSTER_WORKERS: workers } = config
  log.info({ url, profile, store, docs, workers }, 'listening')
  if (profile !== 'development') return
  const where = store === 'embedded' ? `embedded, in ${config.EMBEDDED_STORE_PATH}` : store
  const lines = [`Gatehouse ${version}`, `  url      ${url}`, `  profile  ${profile}`]
  lines.push(`  store    ${where}`, ...(docs === undefined ? [] : [`  docs     ${docs}`]))
  process.stdout.write(`\n${lines.join('\n')}\n\n`)
}
