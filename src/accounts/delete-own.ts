import { checkSubject } from '../abuse/check-subject.js'
import type { Device } from '../abuse/devices.js'
import type { PasswordGuard } from '../abuse/password-guard.js'
import { InvalidCredentials, InvalidToken, LastAdmin } from '../errors.js'
import type { Origin } from '../events/security-event.js'
import type { Hasher } from '../passwords/hasher.js'
import type { AccountStore } from './account-store.js'
import { createRemoveAccount, type RemoveAccountDeps } from './remove-account.js'

export interface DeleteOwnDeps extends RemoveAccountDeps {
  accounts: Pick<AccountStore, 'findById' | 'remove'>
  hasher: Pick<Hasher, 'verify'>
  guard: PasswordGuard
}

/**
 * Removes a signed-in person's own account, for the right password. Throws `InvalidCredentials`,
 * `AccountLocked`, `LastAdmin`, `InvalidToken` (account gone), `Overloaded`, `StoreUnavailable`.
 */
export const createDeleteOwn = (deps: DeleteOwnDeps) => {
  const remove = createRemoveAccount(deps)
  return async (
    userId: string,
    proof: { password: string; device: Device | undefined },
    origin: Origin,
  ): Promise<void> => {
    const account = await deps.accounts.findById(userId)
    if (account === undefined) throw new InvalidToken()
    const subject = checkSubject(account.email, userId, origin.ip, proof.device)
    const verdict = await deps.guard(subject, origin, () =>
      deps.hasher.verify(account.passwordHash, proof.password),
    )
    if (verdict === 'mismatch') {
      deps.emit('login.failed', origin, { userId, reason: 'account_deletion' })
      throw new InvalidCredentials()
    }
    const removed = await remove(userId, origin, { reason: 'by_owner' })
    if (removed === 'last_admin') throw new LastAdmin()
    if (removed === 'missing') throw new InvalidToken()
  }
}
