import fp from 'fastify-plugin'
import { createExactCount } from '../src/abuse/exact-count.js'
import { type Administration, createAdministration } from '../src/accounts/administration.js'
import { createChangeEmail } from '../src/accounts/change-email.js'
import { createChangePassword } from '../src/accounts/change-password.js'
import { createDeleteOwn } from '../src/accounts/delete-own.js'
import { createExportOwn } from '../src/accounts/export-own.js'
import { createMailLimit } from '../src/accounts/mail-limit.js'
import { createRecoverPassword } from '../src/accounts/recover-password.js'
import { createRegister } from '../src/accounts/register.js'
import { createRename } from '../src/accounts/rename.js'
import { createVerifyEmail } from '../src/accounts/verify-email.js'
import type { Config } from '../src/config/schema.js'
import { loadCommonPasswords } from '../src/passwords/common.js'
import { requiresVerifiedEmail } from './sessions.js'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: {
      register: ReturnType<typeof createRegister>
      changePassword: ReturnType<typeof createChangePassword>
      rename: ReturnType<typeof createRename>
      deleteOwn: ReturnType<typeof createDeleteOwn>
      exportOwn: ReturnType<typeof createExportOwn>
      administration: Administration
      recoverPassword: ReturnType<typeof createRecoverPassword>
      verifyEmail: ReturnType<typeof createVerifyEmail>
      changeEmail: ReturnType<typeof createChangeEmail>
    }
  }
}

/** The window in which people may ask for so many mails. */
const mailWindowMs = 60 * 60_000

/** Offers what can be done with accounts. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { accounts, sessions, lockout, recovery, events, attempts } = app.stores
    const { emit } = app.events
    const count = createExactCount(attempts)
    const limit = { max: config.PASSWORD_RESET_RATE_LIMIT_MAX, windowMs: mailWindowMs }
    const deps = {
      accounts,
      sessions,
      recovery,
      lockout,
      count,
      mail: app.mail,
      tokens: app.mail.tokens,
      limitMails: createMailLimit({ count, limit, emit }),
      hasher: app.hasher,
      guard: app.passwordGuard,
      emit,
      passwordRules: { minLength: config.PASSWORD_MIN_LENGTH, isCommon: loadCommonPasswords() },
    }
    app.decorate('accounts', {
      register: createRegister({
        ...deps,
        registration: config.REGISTRATION,
        requireVerifiedEmail: requiresVerifiedEmail(config),
      }),
      changePassword: createChangePassword(deps),
      rename: createRename(deps),
      deleteOwn: createDeleteOwn(deps),
      exportOwn: createExportOwn({ accounts, sessions, events, count }),
      administration: createAdministration(deps),
      recoverPassword: createRecoverPassword(deps),
      verifyEmail: createVerifyEmail(deps),
      changeEmail: createChangeEmail(deps),
    })
  },
  { name: 'accounts', dependencies: ['stores', 'events', 'mail', 'passwords', 'lockout'] },
)
