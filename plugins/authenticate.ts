import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Role } from '../src/accounts/account.js'
import { GatehouseError, InsufficientPermissions, NoToken } from '../src/errors.js'
import type { Identity } from '../src/sessions/identify.js'
import { offerUser } from './guards.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: finds out who is asking, if anybody is signed in, and refuses nobody. */
    recognise: (request: FastifyRequest) => Promise<void>
  }
  interface FastifyRequest {
    /** Who is asking, as far as `recognise` or `authenticate` has found out. */
    readonly recognised: Identity | undefined
    /** The session that the request belongs to: of whoever is asking, else of a genuine refresh cookie. */
    readonly sessionId: string | undefined
  }
}

/** Offers the guards; adds no hook by itself. */
export default fp(
  async (app) => {
    const known = new WeakMap<FastifyRequest, Identity | GatehouseError>()
    const identityOf = (request: FastifyRequest): Identity | undefined => {
      const found = known.get(request)
      return found instanceof GatehouseError ? undefined : found
    }
    const userOf = (request: FastifyRequest): Identity => {
      const user = identityOf(request)
      if (user === undefined) throw new NoToken()
      return user
    }

    const recognise = async (request: FastifyRequest) => {
      try {
        known.set(request, await app.sessions.identify(request.tokens.access))
      } catch (error) {
        if (!(error instanceof GatehouseError)) throw error
        known.set(request, error)
      }
    }

    const show = offerUser(app, userOf)
    app.decorate('recognise', recognise)
    app.decorate('authenticate', async (request: FastifyRequest, reply: FastifyReply) => {
      if (!known.has(request)) await recognise(request)
      const found = known.get(request)
      if (found instanceof GatehouseError) throw found
      const user = userOf(request)
      show(request, user)
      app.offerRenewal(reply, user)
    })
    app.decorate('authorize', (requiredRoles: Role[]) => async (request: FastifyRequest) => {
      const { role, userId } = userOf(request)
      if (requiredRoles.includes(role)) return
      app.events.emit('access.denied', request.origin, { userId, reason: 'role' })
      throw new InsufficientPermissions({ extras: { requiredRoles, userRole: role } })
    })
    app.decorateRequest('recognised', {
      getter(this: FastifyRequest) {
        return identityOf(this)
      },
    })
    app.decorateRequest('sessionId', {
      getter(this: FastifyRequest) {
        const identity = identityOf(this)
        if (identity !== undefined) return identity.session.sessionId
        const [token] = this.tokens.refresh
        return token === undefined ? undefined : app.tokens.refresh.read(token)?.sid
      },
    })
  },
  { name: 'authenticate', dependencies: ['cookies', 'sessions', 'tokens', 'token-renewal'] },
)
