import type { FastifyServerOptions } from 'fastify'
import {
  type DestinationStream,
  type LoggerOptions,
  multistream,
  type StreamEntry,
  symbols,
} from 'pino'
import { errorCode } from './config/config-error.js'
import type { Config } from './config/schema.js'
import { openLogFile } from './log-file.js'

/** Whatever is logged by mistake under one of these names comes out as a placeholder. */
const secretNames = [
  'password',
  'newPassword',
  'currentPassword',
  'passwordHash',
  'token',
  'tokens',
  'refreshToken',
  'accessToken',
  'authorization',
  'cookie',
  'set-cookie',
  'email',
]

/** The logger decides by level; no stream holds anything back, since security events pass at any level. */
const all = 'trace'

/** A file that can't be written to is told of past the logger, which would write to it again. */
const tellFailure = (error: Error): void => {
  process.stderr.write(
    `LOG_FILE can't be written (${errorCode(error)}): lines are on standard output alone\n`,
  )
}

/** Where lines go: standard output, readable in development, and the configured file. */
const streams = async (config: Config): Promise<StreamEntry[]> => {
  const output =
    config.NODE_ENV === 'development'
      ? (await import('pino-pretty')).default({
          translateTime: 'HH:MM:ss',
          ignore: 'pid,hostname',
        })
      : process.stdout
  const { LOG_FILE: path } = config
  if (path === undefined) return [{ level: all, stream: output }]
  const file = openLogFile(path, { onFailure: tellFailure })
  return [
    { level: all, stream: output },
    { level: all, stream: file },
  ]
}

/** Options of the one logger: JSON lines. */
export const loggerOptions = async (
  config: Config,
): Promise<LoggerOptions & { stream: DestinationStream }> => ({
  level: config.LOG_LEVEL,
  redact: secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
  serializers: {
    // Fastify's own would log the URL with its query string, which may carry a token.
    req: (request: { method: string }) => ({ method: request.method }),
  },
  stream: multistream(await streams(config)),
})

/**
 * The level of what an operator looks for first: that the server listens, stops, replaces its workers. Like
 * security events such lines are written whatever the level, unless nothing is to be.
 */
export const lifeLevel = ({ LOG_LEVEL }: Config) => (LOG_LEVEL === 'silent' ? 'silent' : 'info')

/**
 * The logger of one request, with its id on each line. Made as pino makes a child, but for the search for
 * secrets in what is bound: an id has none (see plugins/request-id.ts), and the search would cost each
 * request more than all the rest of it, while most log nothing.
 */
export const requestLogger: NonNullable<FastifyServerOptions['childLoggerFactory']> = (
  logger,
  bindings,
  options,
) => {
  if (Object.keys(options).length > 0) return logger.child(bindings, options)
  const { [symbols.chindingsSym]: bound } = logger as { [symbols.chindingsSym]?: string }
  const child = Object.create(logger)
  child[symbols.chindingsSym] = `${bound},${JSON.stringify(bindings).slice(1, -1)}`
  return child
}
