import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '../src/config/schema.js'
import eventsRoute from './admin/events.js'
import usersRoutes from './admin/users.js'
import emailRoutes, { emailChangeRoute } from './auth/email.js'
import loginRoute from './auth/login.js'
import logoutRoute from './auth/logout.js'
import passwordRoutes, { recoveryRoutes } from './auth/password.js'
import refreshRoute from './auth/refresh.js'
import registerRoute from './auth/register.js'
import sessionRoute from './auth/session.js'
import sessionsRoutes from './auth/sessions.js'
import detailedRoute from './health/detailed.js'
import healthRoutes from './health/health.js'
import metricsRoute from './monitoring/metrics.js'
import exportRoute from './profile/export.js'
import profileRoutes from './profile/profile.js'
import introspectRoute from './service/introspect.js'
import jwksRoute from './well-known/jwks.js'

/** For everybody: what a person does before being signed in. */
const publicScope: FastifyPluginAsync = async (app) => {
  app.addHook('onRequest', app.limitRequests)
  app.addHook('onRequest', app.detectAnomaly)
  await app.register(registerRoute, { prefix: '/auth' })
  await app.register(loginRoute, { prefix: '/auth' })
  await app.register(refreshRoute, { prefix: '/auth' })
  await app.register(logoutRoute, { prefix: '/auth' })
  await app.register(recoveryRoutes, { prefix: '/auth' })
  await app.register(emailRoutes, { prefix: '/auth' })
}

/**
 * For the signed in; the guard comes before anything of the request but its headers is looked at, and the
 * limits before the guard, so that they count what it refuses.
 */
const privateScope: FastifyPluginAsync = async (app) => {
  app.addHook('onRequest', app.recognise)
  app.addHook('onRequest', app.limitRequests)
  app.addHook('onRequest', app.detectAnomaly)
  app.addHook('onRequest', app.authenticate)
  await app.register(sessionRoute, { prefix: '/auth' })
  await app.register(sessionsRoutes, { prefix: '/auth' })
  await app.register(passwordRoutes, { prefix: '/auth' })
  await app.register(emailChangeRoute, { prefix: '/auth' })
  await app.register(profileRoutes, { prefix: '/profile' })
  await app.register(exportRoute, { prefix: '/profile' })
  await app.register(adminScope, { prefix: '/admin' })
}

/** For admins, inside the private scope: who is not one learns no more than that. */
const adminScope: FastifyPluginAsync = async (app) => {
  app.addHook('onRequest', app.authorize(['admin']))
  await app.register(usersRoutes)
  await app.register(eventsRoute)
}

/** For other services, which prove themselves by a secret instead; without one there is nothing here. */
const serviceScope: FastifyPluginAsync<{ config: Config }> = async (app, { config }) => {
  if (config.INTROSPECTION_TOKEN === undefined) return
  app.addHook('onRequest', app.requireServiceToken(config.INTROSPECTION_TOKEN))
  await app.register(introspectRoute, { prefix: '/auth' })
}

/** The HTTP surface: which scope a route is in decides who may call it. */
const routes: FastifyPluginAsync<{ config: Config }> = async (app, { config }) => {
  await app.register(
    async (api) => {
      api.addHook('onRequest', api.forbidStoring)
      api.addHook('onRequest', api.shedLoad)
      api.addHook('onRequest', api.rejectForgery)
      api.addHook('onError', api.noteFailure)
      await api.register(publicScope)
      await api.register(privateScope)
      await api.register(serviceScope, { config })
    },
    { prefix: '/api' },
  )
  await app.register(jwksRoute, { prefix: '/.well-known' })
  await app.register(healthRoutes, { prefix: '/health' })
  await app.register(detailedRoute, { prefix: '/health' })
  await app.register(metricsRoute)
}

export default routes
