import { checkSubject } from '../abuse/check-subject.js'
import type { Device } from '../abuse/devices.js'
import type { PasswordGuard } from '../abuse/password-guard.js'
import { InvalidCredentials, InvalidToken, ValidationFailed } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import type { Hasher } from '../passwords/hasher.js'
import { type PasswordRules, passwordProblems } from '../passwords/policy.js'
import type { Account } from './account.js'
import type { AccountStore } from './account-store.js'

export interface PasswordChange {
  currentPassword: string
  newPassword: string
  device: Device | undefined
}

export interface ChangePasswordDeps {
  accounts: AccountStore
  hasher: Hasher
  guard: PasswordGuard
  emit: Emit
  passwordRules: PasswordRules
}

/**
 * Changes a signed-in person's password and ends all sessions of the account. Answers the account as it is
 * afterwards, for a new session to be started. Throws `ValidationFailed`, `InvalidCredentials` (wrong
 * current password, or changed meanwhile), `AccountLocked`, `InvalidToken` (account gone), `Overloaded`,
 * `StoreUnavailable`.
 */
export const createChangePassword =
  (deps: ChangePasswordDeps) =>
  async (userId: string, change: PasswordChange, origin: Origin): Promise<Account> => {
    const account = await deps.accounts.findById(userId)
    if (account === undefined) throw new InvalidToken()
    const problems = passwordProblems(change.newPassword, account, deps.passwordRules)
    if (problems.length > 0) {
      throw new ValidationFailed(problems.map((message) => ({ field: 'newPassword', message })))
    }
    const subject = checkSubject(account.email, userId, origin.ip, change.device)
    const verdict = await deps.guard(subject, origin, () =>
      deps.hasher.verify(account.passwordHash, change.currentPassword),
    )
    if (verdict === 'mismatch') {
      deps.emit('login.failed', origin, { userId, reason: 'password_change' })
      throw new InvalidCredentials()
    }
    const passwordHash = await deps.hasher.hash(change.newPassword)
    const { passwordVersion } = account
    const outcome = await deps.accounts.changePassword(userId, passwordVersion, passwordHash)
    if (outcome === 'account_changed') throw new InvalidCredentials()
    deps.emit('password.changed', origin, { userId })
    return { ...account, passwordHash, passwordVersion: passwordVersion + 1 }
  }
