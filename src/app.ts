import Fastify, { type FastifyInstance } from 'fastify'
import accounts from '../plugins/accounts.js'
import anomaly from '../plugins/anomaly.js'
import authenticate from '../plugins/authenticate.js'
import cookies from '../plugins/cookies.js'
import cors from '../plugins/cors.js'
import csrf from '../plugins/csrf.js'
import devices from '../plugins/devices.js'
import docs from '../plugins/docs.js'
import errors from '../plugins/errors.js'
import events from '../plugins/events.js'
import jsonBody from '../plugins/json-body.js'
import limits from '../plugins/limits.js'
import lockout from '../plugins/lockout.js'
import notFound from '../plugins/not-found.js'
import passwords from '../plugins/passwords.js'
import requestId from '../plugins/request-id.js'
import requestLog from '../plugins/request-log.js'
import securityHeaders, { securityHeaders as makeHeaders } from '../plugins/security-headers.js'
import serviceToken from '../plugins/service-token.js'
import sessions from '../plugins/sessions.js'
import { socketErrors } from '../plugins/socket-errors.js'
import stores from '../plugins/stores.js'
import strictHttp from '../plugins/strict-http.js'
import tokenRenewal from '../plugins/token-renewal.js'
import tokens from '../plugins/tokens.js'
import validation from '../plugins/validation.js'
import routes from '../routes/index.js'
import type { Config } from './config/schema.js'
import { serverOptions } from './server-options.js'

/** Builds the system: every plugin, scope and route, in the order in which a request meets them. */
export const buildApp = async (config: Config): Promise<FastifyInstance> => {
  const headers = await makeHeaders({ secure: config.COOKIE_SECURE })
  const app = Fastify({ ...serverOptions(config), ...socketErrors(headers) })

  // The edge: what every answer has in common.
  await app.register(requestId)
  await app.register(requestLog)
  await app.register(errors)
  await app.register(securityHeaders, { headers })
  await app.register(cors, { config })
  await app.register(strictHttp)
  await app.register(validation)
  await app.register(jsonBody)

  // What the routes use. None of these adds a hook.
  await app.register(stores, { config })
  await app.register(events, { config })
  await app.register(cookies, { config })
  await app.register(devices, { config })
  await app.register(passwords, { config })
  await app.register(lockout, { config })
  await app.register(tokens, { config })
  await app.register(accounts, { config })
  await app.register(sessions, { config })
  await app.register(tokenRenewal, { config })
  await app.register(authenticate)
  await app.register(serviceToken)
  await app.register(csrf, { config })
  await app.register(limits, { config })
  await app.register(anomaly, { config })
  await app.register(notFound)

  await app.register(docs, { config })
  await app.register(routes, { config })
  return app
}
