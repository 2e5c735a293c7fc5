import { checkSubject } from '../abuse/check-subject.js'
import type { Device } from '../abuse/devices.js'
import type { ExactCount } from '../abuse/exact-count.js'
import type { PasswordGuard } from '../abuse/password-guard.js'
import {
  InvalidCredentials,
  InvalidToken,
  InvalidVerificationToken,
  RateLimitExceeded,
} from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import type { QueueMail } from '../mail/queue-mail.js'
import type { Hasher } from '../passwords/hasher.js'
import type { OneTimeTokens } from '../tokens/one-time-token.js'
import type { AccountStore } from './account-store.js'
import type { RecoveryStore } from './recovery-store.js'
import { requireEmail } from './rules.js'

/** As many changes as one account may ask for: each is a mail to somebody who may not want it. */
const askLimit = { max: 10, windowMs: 60 * 60_000 }

export interface EmailChange {
  newEmail: string
  password: string
  device: Device | undefined
}

export interface ChangeEmailDeps {
  accounts: AccountStore
  recovery: RecoveryStore
  hasher: Hasher
  guard: PasswordGuard
  tokens: OneTimeTokens
  mail: QueueMail
  count: ExactCount
  emit: Emit
}

/** Another email for an account, which changes once its mailbox is proved. */
export const createChangeEmail = (deps: ChangeEmailDeps) => ({
  /**
   * Has a link mailed to the new address, or word that it is taken; the answer does not tell which. Throws
   * `ValidationFailed`, `InvalidCredentials`, `AccountLocked`, `RateLimitExceeded`, `InvalidToken` (account
   * gone), `Overloaded`, `StoreUnavailable`.
   */
  ask: async (userId: string, change: EmailChange, origin: Origin): Promise<void> => {
    const email = requireEmail('newEmail', change.newEmail)
    const account = await deps.accounts.findById(userId)
    if (account === undefined) throw new InvalidToken()
    const subject = checkSubject(account.email, userId, origin.ip, change.device)
    const verdict = await deps.guard(subject, origin, () =>
      deps.hasher.verify(account.passwordHash, change.password),
    )
    if (verdict === 'mismatch') {
      deps.emit('login.failed', origin, { userId, reason: 'email_change' })
      throw new InvalidCredentials()
    }
    const counted = await deps.count([`change-email:${userId}`], askLimit)
    if (counted.outcome === 'exceeded') {
      throw new RateLimitExceeded({ retryAfter: Math.max(1, Math.ceil(counted.resetMs / 1000)) })
    }
    await deps.mail.ask({ kind: 'confirm-email', userId, email, origin })
  },

  /**
   * Gives the account its new email, for whoever has the link, and tells the old address. Throws
   * `InvalidVerificationToken` (also where the address is taken by now), `StoreUnavailable`.
   */
  confirm: async (token: string, origin: Origin): Promise<void> => {
    const read = deps.tokens.read(token)
    if (read === undefined) throw new InvalidVerificationToken()
    const { userId, hash } = read
    const change = await deps.recovery.changeEmail(userId, hash)
    if (change.outcome === 'invalid') throw new InvalidVerificationToken()
    deps.emit('email.verified', origin, { userId, reason: 'email_changed' })
    await deps.mail.notify({ kind: 'email-changed', userId, email: change.from, origin })
  },
})
