import { InvalidVerificationToken } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import type { QueueMail } from '../mail/queue-mail.js'
import type { OneTimeTokens } from '../tokens/one-time-token.js'
import type { Account } from './account.js'
import type { MailLimit } from './mail-limit.js'
import type { RecoveryStore } from './recovery-store.js'
import { requireEmail } from './rules.js'

export interface VerifyEmailDeps {
  recovery: RecoveryStore
  tokens: OneTimeTokens
  mail: QueueMail
  limitMails: MailLimit
  emit: Emit
}

/** Proof that an account's email is its owner's. */
export const createVerifyEmail = (deps: VerifyEmailDeps) => ({
  /**
   * Has the link mailed once more: to the signed in, or to an email that somebody names, which may have no
   * account or a verified one; whether it does shows in the mailbox alone. Throws `ValidationFailed`,
   * `PasswordResetLimitExceeded`, `Overloaded`, `StoreUnavailable`.
   */
  resend: async (whom: Pick<Account, 'email'>, origin: Origin): Promise<void> => {
    const email = requireEmail('email', whom.email)
    await deps.limitMails('verify', email, origin)
    await deps.mail.ask({ kind: 'verify-email', email, origin })
  },

  /** Marks the email verified, for whoever has the link. Throws `InvalidVerificationToken`, `StoreUnavailable`. */
  verify: async (token: string, origin: Origin): Promise<void> => {
    const read = deps.tokens.read(token)
    if (read === undefined) throw new InvalidVerificationToken()
    const outcome = await deps.recovery.verifyEmail(read.userId, read.hash)
    if (outcome === 'invalid') throw new InvalidVerificationToken()
    deps.emit('email.verified', origin, { userId: read.userId })
  },
})
