import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Role } from '../src/accounts/account.js'
import { InsufficientPermissions, NoToken } from '../src/errors.js'
import type { Identity } from '../src/sessions/identify.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: lets only signed-in people through. Add it to a scope to make that private. */
    authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
    /** Hook factory: lets only these roles through; comes after `authenticate`. */
    authorize: (roles: Role[]) => (request: FastifyRequest) => Promise<void>
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** Type of `request.user`: who is signed in. Reading it throws outside a private scope. */
    user: Identity
  }
}

/** Offers the guards; adds no hook by itself. */
export default fp(
  async (app) => {
    const known = new WeakMap<FastifyRequest, Identity>()
    const userOf = (request: FastifyRequest): Identity => {
      const user = known.get(request)
      if (user === undefined) throw new NoToken()
      return user
    }

    app.decorate('authenticate', async (request: FastifyRequest, reply: FastifyReply) => {
      const identity = await app.sessions.identify(request.tokens.access)
      known.set(request, identity)
      reply.offerRenewal(identity)
    })
    app.decorate('authorize', (requiredRoles: Role[]) => async (request: FastifyRequest) => {
      const { role } = userOf(request)
      if (requiredRoles.includes(role)) return
      throw new InsufficientPermissions({ extras: { requiredRoles, userRole: role } })
    })
    app.decorateRequest('user', {
      getter(this: FastifyRequest) {
        return userOf(this)
      },
    })
  },
  { name: 'authenticate', dependencies: ['cookies', 'sessions', 'token-renewal'] },
)
