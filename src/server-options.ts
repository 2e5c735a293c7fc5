import type { Server } from 'node:http'
import { type FastifyHttpOptions, LogController } from 'fastify'
import type { Config } from './config/schema.js'
import { loggerOptions, requestLogger } from './logger.js'
import { PrefacedResponse } from './prefaced-response.js'

/** Headers and body together have to arrive within this; a slower client is cut off. */
const requestMs = 60_000

/**
 * As many connections as one process holds; Node closes further ones at once. A connection that says nothing
 * costs some 4 KiB, and is cut off after a minute.
 */
export const connectionsMax = 10_000

/** What Node and Fastify leave open by default is set on purpose. Times are milliseconds. */
export const serverOptions = async (config: Config) =>
  ({
    logger: await loggerOptions(config),
    // One line a request is written by plugins/request-log.ts instead of two by Fastify.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: requestLogger,
    requestIdHeader: false,
    trustProxy: config.TRUST_PROXY,
    bodyLimit: config.BODY_LIMIT,
    requestTimeout: requestMs - 1_000,
    // Longer than the idle time of the usual balancers (60 s), so that they never use a connection that
    // is just being closed here.
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // While it closes, what is still connected is served; the balancer has been told by /health/ready.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 128 },
    http: {
      ServerResponse: PrefacedResponse,
      // plugins/strict-http.ts sees to it, with an answer like any other.
      requireHostHeader: false,
      headersTimeout: requestMs - 1_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16_384,
    },
  }) satisfies FastifyHttpOptions<Server>
