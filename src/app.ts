import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import accounts from '../plugins/accounts.js'
import anomaly from '../plugins/anomaly.js'
import authenticate from '../plugins/authenticate.js'
import cookies from '../plugins/cookies.js'
import cors from '../plugins/cors.js'
import csrf from '../plugins/csrf.js'
import devices from '../plugins/devices.js'
import docs from '../plugins/docs.js'
import draining from '../plugins/draining.js'
import errors from '../plugins/errors.js'
import events, { originOf } from '../plugins/events.js'
import firstAdmin from '../plugins/first-admin.js'
import gauges from '../plugins/gauges.js'
import { lendGuards, requireNames } from '../plugins/guards.js'
import jsonBody from '../plugins/json-body.js'
import limits from '../plugins/limits.js'
import lockout from '../plugins/lockout.js'
import mail from '../plugins/mail.js'
import metrics from '../plugins/metrics.js'
import monitoring from '../plugins/monitoring.js'
import noStore from '../plugins/no-store.js'
import notFound from '../plugins/not-found.js'
import passwords from '../plugins/passwords.js'
import pressure from '../plugins/pressure.js'
import requestId from '../plugins/request-id.js'
import requestLog from '../plugins/request-log.js'
import { bearerToken } from '../plugins/request-tokens.js'
import route from '../plugins/route.js'
import securityHeaders, { securityHeaders as makeHeaders } from '../plugins/security-headers.js'
import serviceToken from '../plugins/service-token.js'
import sessions from '../plugins/sessions.js'
import { socketErrors } from '../plugins/socket-errors.js'
import stores from '../plugins/stores.js'
import strictHttp from '../plugins/strict-http.js'
import tokenRenewal from '../plugins/token-renewal.js'
import tokens from '../plugins/tokens.js'
import tracing from '../plugins/tracing.js'
import validation from '../plugins/validation.js'
import routes from '../routes/index.js'
import { loadConfig, readEnvironment } from './config/load.js'
import type { Config } from './config/schema.js'
import type { Fleet } from './fleet.js'
import { serverOptions } from './server-options.js'
import type { Identity } from './sessions/identity.js'

// An installed package is known by what its declarations name: with this come the guards' own.
export type { RequestUser } from '../plugins/guards.js'

declare module '../plugins/guards.js' {
  interface UserTypes {
    signedIn: Identity
  }
}

interface Mount {
  config: Config
  /** The security headers of every answer. */
  headers: Record<string, string>
  /** The app that it becomes a part of; absent where it is the whole app, whose server is then ours too. */
  host?: FastifyInstance
  /** The other workers, where it is one of a cluster. */
  fleet?: Fleet | undefined
}

/** The system: every plugin, scope and route, in the order in which a request meets them. */
const mount = async (
  app: FastifyInstance,
  { config, headers, host, fleet }: Mount,
): Promise<void> => {
  // The edge: what every answer has in common.
  await app.register(route)
  await app.register(requestId)
  if (host === undefined) await app.register(requestLog)
  await app.register(metrics, { fleet })
  // A host has its own, and there is one to a process.
  const endpoint = host === undefined ? config.OTEL_EXPORTER_OTLP_ENDPOINT : undefined
  await app.register(tracing, { endpoint })
  await app.register(errors, { isPart: host !== undefined })
  await app.register(securityHeaders, { headers })
  await app.register(cors, { config })
  if (host === undefined) await app.register(strictHttp)
  await app.register(validation)
  await app.register(jsonBody, { config })

  // What the routes use. None of these adds a hook.
  await app.register(stores, { config })
  await app.register(events, { config })
  await app.register(mail, { config })
  await app.register(cookies, { config })
  await app.register(devices, { config })
  await app.register(passwords, { config })
  await app.register(lockout, { config })
  await app.register(tokens, { config })
  await app.register(accounts, { config })
  await app.register(firstAdmin, { config })
  await app.register(sessions, { config })
  await app.register(tokenRenewal, { config })
  await app.register(authenticate)
  await app.register(serviceToken)
  await app.register(noStore)
  await app.register(pressure, { config })
  await app.register(csrf, { config })
  await app.register(limits, { config })
  await app.register(anomaly, { config })
  await app.register(draining)
  await app.register(monitoring, { config })
  await app.register(gauges)
  // In a host's app only what is below a prefix of our own is ours to miss.
  if (app.prefix !== host?.prefix) await app.register(notFound)

  await app.register(docs, { config })
  await app.register(routes, { config })
}

/** The system as a server of its own; `fleet` is for a worker of a cluster. */
export const buildApp = async (config: Config, fleet?: Fleet): Promise<FastifyInstance> => {
  const headers = await makeHeaders({ secure: config.COOKIE_SECURE })
  const app = Fastify({ ...(await serverOptions(config)), ...socketErrors(headers) })
  await mount(app, { config, headers, fleet })
  return app
}

/** How it becomes a part of somebody's app. */
export interface GatehouseOptions {
  /** What `loadConfig` answers; unless given, that of the process's environment. */
  config?: Config
  /** In front of every path, such as `/accounts`; the refresh cookie's path follows. */
  prefix?: string
}

/**
 * The system as a part of somebody else's app, with guards for that app's own routes. Everything else of it
 * stays in a scope of its own: the host keeps its error handler, parsers, headers and unknown URLs. Throws
 * `ConfigError`, and an `Error` where the guards' names are taken.
 */
export const gatehouse: FastifyPluginAsync<GatehouseOptions> = fp(
  async (host: FastifyInstance, options: GatehouseOptions) => {
    requireNames(host)
    const config = options.config ?? loadConfig(readEnvironment())
    const headers = await makeHeaders({ secure: config.COOKIE_SECURE })
    const scope: FastifyPluginAsync = async (app) => {
      await mount(app, { config, headers, host })
      lendGuards(host, {
        identify: async (request, reply) => {
          // A cookie goes along with what a foreign page makes a browser send; a header does not.
          if (bearerToken(request.headers) === undefined) app.requireOwnSource(request)
          const identity = await app.sessions.identifyOrRecall(app.readTokens(request).access)
          app.offerRenewal(reply, identity)
          // The cache goes on holding the one; what a host writes on its own is for this request alone.
          return { ...identity, session: { ...identity.session } }
        },
        denied: (request, { userId }) =>
          app.events.emit('access.denied', originOf(request), { userId, reason: 'role' }),
      })
    }
    await host.register(scope, { prefix: options.prefix ?? '' })
  },
  { name: 'gatehouse', fastify: '5.x' },
)
