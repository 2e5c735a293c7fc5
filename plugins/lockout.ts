import fp from 'fastify-plugin'
import { createFailureLimit } from '../src/abuse/failure-limit.js'
import { createPasswordGuard, type PasswordGuard } from '../src/abuse/password-guard.js'
import type { Config } from '../src/config/schema.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** What every check of a password goes through. */
    passwordGuard: PasswordGuard
    /** What sign-ins and registrations go through: so many may fail from one address. */
    limitFailures: ReturnType<typeof createFailureLimit>
  }
}

/** Offers what slows guessing down: the lockout of a pair, and the limit of failures of an address. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { emit } = app.events
    app.decorate(
      'passwordGuard',
      createPasswordGuard({
        lockout: app.stores.lockout,
        rules: { tiers: config.LOCKOUT_TIERS, accountMax: config.ACCOUNT_FAILURE_MAX },
        emit,
      }),
    )
    app.decorate(
      'limitFailures',
      createFailureLimit({
        attempts: app.stores.attempts,
        limit: { max: config.AUTH_RATE_LIMIT_MAX, windowMs: config.RATE_LIMIT_WINDOW_MS },
        emit,
      }),
    )
  },
  { name: 'lockout', dependencies: ['stores', 'events'] },
)
