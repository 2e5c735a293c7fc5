import { RegistrationClosed, UserExists, ValidationFailed } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import { randomId } from '../ids.js'
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
  /** Whether people may make accounts by themselves. */
  isOpen: boolean
}

/**
 * Makes an account for anybody who asks. Throws `ValidationFailed` naming every refused field,
 * `UserExists`, `RegistrationClosed`, `Overloaded`, `StoreUnavailable`. Durable once it resolves.
 */
export const createRegister =
  (deps: RegisterDeps) =>
  async (registration: Registration, origin: Origin): Promise<Account> => {
    if (!deps.isOpen) throw new RegistrationClosed()
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
    if ((await deps.accounts.create(account)) === 'email_taken') throw new UserExists()
    deps.emit('user.registered', origin, { userId: account.userId })
    return account
  }
