import type { LoggerOptions } from 'pino'
import type { Config } from './config/schema.js'

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

/** Options of the one logger: JSON lines on standard output, made readable in development. */
export const loggerOptions = (config: Config): LoggerOptions => ({
  level: config.LOG_LEVEL,
  redact: secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
  serializers: {
    // Fastify's own would log the URL with its query string, which may carry a token.
    req: (request: { method: string }) => ({ method: request.method }),
  },
  ...(config.NODE_ENV === 'development' && {
    transport: {
      target: 'pino-pretty',
      options: { translateTime: 'HH:MM:ss', ignore: 'pid,hostname' },
    },
  }),
})
