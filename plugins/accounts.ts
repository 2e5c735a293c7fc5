import fp from 'fastify-plugin'
import { type Administration, createAdministration } from '../src/accounts/administration.js'
import { createChangePassword } from '../src/accounts/change-password.js'
import { createDeleteOwn } from '../src/accounts/delete-own.js'
import { createExportOwn } from '../src/accounts/export-own.js'
import { createRegister } from '../src/accounts/register.js'
import { createRename } from '../src/accounts/rename.js'
import type { Config } from '../src/config/schema.js'
import { loadCommonPasswords } from '../src/passwords/common.js'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: {
      register: ReturnType<typeof createRegister>
      changePassword: ReturnType<typeof createChangePassword>
      rename: ReturnType<typeof createRename>
      deleteOwn: ReturnType<typeof createDeleteOwn>
      exportOwn: ReturnType<typeof createExportOwn>
      administration: Administration
    }
  }
}

/** Offers what can be done with accounts. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { accounts, sessions, lockout, events, attempts } = app.stores
    const deps = {
      accounts,
      sessions,
      lockout,
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
      rename: createRename(deps),
      deleteOwn: createDeleteOwn(deps),
      exportOwn: createExportOwn({ accounts, sessions, events, attempts }),
      administration: createAdministration(deps),
    })
  },
  { name: 'accounts', dependencies: ['stores', 'events', 'passwords', 'lockout'] },
)
