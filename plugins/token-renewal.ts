import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import type { Identity } from '../src/sessions/identify.js'

declare module 'fastify' {
  interface FastifyReply {
    /** Tells a signed-in client that its access token is about to expire, or spares it the trouble. */
    offerRenewal: (identity: Identity) => void
  }
}

/** With less life left than this, in milliseconds, an access token should be exchanged. */
const renewBelow = 5 * 60_000

/** Offers the renewal of access tokens by ordinary requests; the session itself grows no older by it. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const isAuto = config.ACCESS_TOKEN_ROTATION === 'auto'

    app.decorateReply('offerRenewal', function (this: FastifyReply, { userId, role, session }) {
      const now = Date.now()
      if (session.accessExpiresAt - now >= renewBelow) return
      this.header('X-Token-Refresh-Required', 'true')
      if (!isAuto) return
      const { sessionId: sid, expiresAt } = session
      const issued = app.tokens.access.issue({ userId, role }, { sid, expiresAt }, now)
      // At the session's end there is nothing to gain.
      if (now + issued.expiresIn * 1000 > session.accessExpiresAt) this.renewAccess(issued)
    })
  },
  { name: 'token-renewal', dependencies: ['cookies', 'tokens'] },
)
