import fp from 'fastify-plugin'
import { createChangePassword } from '../src/accounts/change-password.js'
import { createRegister } from '../src/accounts/register.js'
import type { Config } from '../src/config/schema.js'
import { loadCommonPasswords } from '../src/passwords/common.js'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: {
      register: ReturnType<typeof createRegister>
      changePassword: ReturnType<typeof createChangePassword>
    }
  }
}

/** Offers what can be done with accounts. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const deps = {
      accounts: app.stores.accounts,
      hasher: app.hasher,
      guard: app.passwordGuard,
      emit: app.events.emit,
      passwordRules: { minLength: config.PASSWORD_MIN_LENGTH, isCommon: loadCommonPasswords() },
    }
    // Where a mail has to prove the address first, nobody can be let in as long as none is sent.
    const isOpen = config.REGISTRATION === 'open' && !config.REQUIRE_EMAIL_VERIFICATION
    app.decorate('accounts', {
      register: createRegister({ ...deps, isOpen }),
      changePassword: createChangePassword(deps),
    })
  },
  { name: 'accounts', dependencies: ['stores', 'events', 'passwords', 'lockout'] },
)
