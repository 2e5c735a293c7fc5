import type { LockoutStore } from '../abuse/lockout-store.js'
import type { Emit, EventDetails, Origin } from '../events/security-event.js'
import type { Account } from './account.js'
import type { AccountStore } from './account-store.js'

export interface RemoveAccountDeps {
  accounts: Pick<AccountStore, 'remove'>
  lockout: Pick<LockoutStore, 'clear'>
  emit: Emit
}

/**
 * Removes an account and what is kept beside it under its email. Of the person the security events alone
 * are left, which know the id and where requests came from. Answers the account as it was.
 */
export const createRemoveAccount =
  (deps: RemoveAccountDeps) =>
  async (
    userId: string,
    origin: Origin,
    details: EventDetails,
  ): Promise<Account | 'missing' | 'last_admin'> => {
    const removed = await deps.accounts.remove(userId)
    if (removed.outcome !== 'removed') return removed.outcome
    deps.emit('user.deleted', origin, { userId, ...details })
    await deps.lockout.clear(removed.account.email)
    return removed.account
  }
