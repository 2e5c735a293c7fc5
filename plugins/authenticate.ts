import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { Role } from '../src/accounts/account.js'
import {
  GatehouseError,
  InsufficientPermissions,
  NoToken,
  StoreUnavailable,
} from '../src/errors.js'
import type { Identity } from '../src/sessions/identity.js'
import { offerUser } from './guards.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: finds out who is asking, if anybody is signed in, and refuses nobody. */
    recognise: onRequestHookHandler
  }
  interface FastifyContextConfig {
    /** A route that needs nothing but who is asking, and is answered in an outage where that is known. */
    servesUnconfirmed?: true
  }
  interface FastifyRequest {
    /** What `recognise` has found out: who is asking, or why that is nobody; null before it. */
    finding: Identity | GatehouseError | null
    /** Who is asking, as far as `recognise` or `authenticate` has found out. */
    readonly recognised: Identity | undefined
    /** The session that the request belongs to: of whoever is asking, else of a genuine refresh cookie. */
    readonly sessionId: string | undefined
  }
}

/** Offers the guards; adds no hook by itself. */
export default fp(
  async (app) => {
    app.decorateRequest('finding', null)
    const identityOf = ({ finding }: FastifyRequest): Identity | undefined =>
      finding === null || finding instanceof GatehouseError ? undefined : finding
    const userOf = (request: FastifyRequest): Identity => {
      const user = identityOf(request)
      if (user === undefined) throw new NoToken()
      return user
    }

    const read = async (request: FastifyRequest, identity: Promise<Identity>) => {
      try {
        request.finding = await identity
      } catch (error) {
        if (!(error instanceof GatehouseError)) throw error
        const mayRecall =
          error instanceof StoreUnavailable && request.routeOptions.config.servesUnconfirmed
        request.finding = (mayRecall && app.sessions.recall(request.tokens.access)) || error
      }
    }
    /** Resolves when it is found out; undefined where it was known at once. */
    const find = (request: FastifyRequest): Promise<void> | undefined => {
      const identity = app.sessions.identify(request.tokens.access)
      if (identity instanceof Promise) return read(request, identity)
      request.finding = identity
      return undefined
    }

    const show = offerUser(app, userOf)
    app.decorate('recognise', (request, _reply, done) => {
      const finding = find(request)
      if (finding === undefined) done()
      else finding.then(() => done(), done)
    })
    const admit = (request: FastifyRequest, reply: FastifyReply) => {
      if (request.finding instanceof GatehouseError) throw request.finding
      const user = userOf(request)
      show(request, user)
      app.offerRenewal(reply, user)
    }
    app.decorate('authenticate', (request, reply, done) => {
      const finding = request.finding === null ? find(request) : undefined
      if (finding === undefined) {
        admit(request, reply)
        done()
      } else {
        finding.then(() => admit(request, reply)).then(() => done(), done)
      }
    })
    app.decorate('authorize', (requiredRoles: Role[]) => (request, _reply, done) => {
      const { role, userId } = userOf(request)
      if (requiredRoles.includes(role)) return done()
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
