import { InvalidToken, ValidationFailed } from '../errors.js'
import type { Account } from './account.js'
import type { AccountStore } from './account-store.js'
import { nameRule } from './rules.js'

/**
 * Gives a signed-in person another name. Throws `ValidationFailed`, `InvalidToken` (account gone),
 * `StoreUnavailable`.
 */
export const createRename =
  (deps: { accounts: Pick<AccountStore, 'change'> }) =>
  async (userId: string, name: string): Promise<Account> => {
    const ruled = nameRule(name)
    if ('problem' in ruled) throw new ValidationFailed([{ field: 'name', message: ruled.problem }])
    const changed = await deps.accounts.change(userId, { name: ruled.value })
    if (!('account' in changed)) throw new InvalidToken()
    return changed.account
  }
