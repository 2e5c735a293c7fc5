import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import type { Identity } from '../src/sessions/identity.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Tells a signed-in client that its access token is about to expire, or spares it the trouble. Takes any
     * reply, those of an embedding app's own routes too.
     */
    offerRenewal: (reply: FastifyReply, identity: Identity) => void
  }
}

/** With less life left than this, in milliseconds, an access token should be exchanged. */
const renewBelow = 5 * 60_000

/** Offers the renewal of access tokens by ordinary requests; the session itself grows no older by it. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const isAuto = config.ACCESS_TOKEN_ROTATION === 'auto'

    app.decorate('offerRenewal', (reply: FastifyReply, identity: Identity) => {
      const { userId, role, session, unconfirmed } = identity
      // In an outage nobody is let in for longer than the store has said.
      if (unconfirmed) return
      const now = Date.now()
      if (session.accessExpiresAt - now >= renewBelow) return
      reply.header('X-Token-Refresh-Required', 'true')
      if (!isAuto) return
      const { sessionId: sid, expiresAt } = session
      const issued = app.tokens.access.issue({ userId, role }, { sid, expiresAt }, now)
      // Tokens count in whole seconds.
      const end = (Math.floor(now / 1000) + issued.expiresIn) * 1000
      // At the session's end there is nothing to gain.
      if (end > session.accessExpiresAt) app.renewAccess(reply, issued)
    })
  },
  { name: 'token-renewal', dependencies: ['cookies', 'tokens'] },
)
