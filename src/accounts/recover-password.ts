import type { LockoutStore } from '../abuse/lockout-store.js'
import { InvalidResetToken, ValidationFailed } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import type { QueueMail } from '../mail/queue-mail.js'
import type { Hasher } from '../passwords/hasher.js'
import { type PasswordRules, passwordProblems } from '../passwords/policy.js'
import type { OneTimeTokens } from '../tokens/one-time-token.js'
import type { MailLimit } from './mail-limit.js'
import type { RecoveryStore } from './recovery-store.js'
import { requireEmail } from './rules.js'

export interface RecoverPasswordDeps {
  recovery: RecoveryStore
  lockout: LockoutStore
  hasher: Hasher
  tokens: OneTimeTokens
  mail: QueueMail
  limitMails: MailLimit
  emit: Emit
  passwordRules: PasswordRules
}

/** The way back in for somebody who has forgotten their password. */
export const createRecoverPassword = (deps: RecoverPasswordDeps) => ({
  /**
   * Has a link mailed, where the email has an account: that is looked up when the mail is sent, so that
   * neither answer nor time tell whether there is one. Throws `ValidationFailed`,
   * `PasswordResetLimitExceeded`, `Overloaded`, `StoreUnavailable`.
   */
  ask: async (input: string, origin: Origin): Promise<void> => {
    const email = requireEmail('email', input)
    await deps.limitMails('reset', email, origin)
    await deps.mail.ask({ kind: 'reset-password', email, origin })
  },

  /**
   * Sets a new password for whoever has the link; nobody is signed in by it. A password that breaks the
   * rules does not use the link up. Throws `InvalidResetToken`, `ValidationFailed`, `Overloaded`,
   * `StoreUnavailable`.
   */
  reset: async (token: string, newPassword: string, origin: Origin): Promise<void> => {
    const read = deps.tokens.read(token)
    if (read === undefined) throw new InvalidResetToken()
    const { userId, hash } = read
    // Before the expensive part, or a flood of made-up tokens would keep the hasher from everybody else.
    const account = await deps.recovery.find(userId, 'reset_password', hash)
    if (account === undefined) throw new InvalidResetToken()
    const problems = passwordProblems(newPassword, account, deps.passwordRules)
    if (problems.length > 0) {
      throw new ValidationFailed(problems.map((message) => ({ field: 'newPassword', message })))
    }
    const passwordHash = await deps.hasher.hash(newPassword)
    // Before the link is used up: if it fails, the same link can be tried again.
    await deps.lockout.clear(account.email)
    const outcome = await deps.recovery.resetPassword(userId, hash, passwordHash)
    if (outcome === 'invalid') throw new InvalidResetToken()
    deps.emit('password.reset', origin, { userId })
  },
})
