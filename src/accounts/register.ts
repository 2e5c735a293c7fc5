import { RegistrationClosed, UserExists, ValidationFailed } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import { randomId } from '../ids.js'
import type { QueueMail } from '../mail/queue-mail.js'
import type { Hasher } from '../passwords/hasher.js'
import { type PasswordRules, passwordProblems } from '../passwords/policy.js'
import type { Account } from './account.js'
import type { AccountStore } from './account-store.js'
import { createFieldCheck, emailRule, nameRule } from './rules.js'

export interface Registration {
  email: string
  password: string
  name: string
}

export interface RegisterDeps {
  accounts: AccountStore
  hasher: Hasher
  emit: Emit
  passwordRules: PasswordRules
  mail: QueueMail
  /** Whether people may make accounts by themselves, and whether they are told that an email has one. */
  registration: 'open' | 'verified' | 'closed'
  /** Whether an account is of use only once its email is verified. */
  requireVerifiedEmail: boolean
}

/**
 * What a registration came to: an account that may be signed in at once, one whose email has to be verified
 * first, or word that the rest is in the mail, whether the email was new or not.
 */
export type Registered =
  | { outcome: 'created' | 'unverified'; account: Account }
  | { outcome: 'mailed' }

/**
 * Makes an account for anybody who asks, and has a link mailed that verifies its email. Throws
 * `ValidationFailed` naming every refused field, `UserExists`, `RegistrationClosed`, `Overloaded`,
 * `StoreUnavailable`. Durable once it resolves.
 */
export const createRegister =
  (deps: RegisterDeps) =>
  async (registration: Registration, origin: Origin): Promise<Registered> => {
    if (deps.registration === 'closed') throw new RegistrationClosed()
    const check = createFieldCheck()
    const email = check.take('email', emailRule(registration.email))
    const name = check.take('name', nameRule(registration.name))
    const { password } = registration
    check.note('password', passwordProblems(password, { email, name }, deps.passwordRules))
    if (check.errors.length > 0) throw new ValidationFailed(check.errors)

    const account: Account = {
      userId: randomId(),
      email,
      name,
      role: 'user',
      emailVerified: false,
      isActive: true,
      passwordHash: await deps.hasher.hash(password),
      passwordVersion: 1,
      createdAt: Date.now(),
      lastLoginAt: 0,
    }
    const link = { kind: 'verify-email', email, origin } as const
    const isNew = (await deps.accounts.create(account)) === 'created'
    if (isNew) deps.emit('user.registered', origin, { userId: account.userId })
    if (deps.registration === 'verified') {
      // The owner is told in the mailbox, and nobody elsewhere.
      await deps.mail.ask(isNew ? link : { ...link, kind: 'account-exists' })
      return { outcome: 'mailed' }
    }
    if (!isNew) throw new UserExists()
    if (deps.requireVerifiedEmail) {
      await deps.mail.ask(link)
      return { outcome: 'unverified', account }
    }
    // They are in, and can have the link sent again.
    await deps.mail.offer(link)
    return { outcome: 'created', account }
  }
