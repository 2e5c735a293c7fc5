import { setTimeout } from 'node:timers/promises'
import { type FieldError, StoreUnavailable } from '../errors.js'
import type { Account } from './account.js'
import type { AccountStore } from './account-store.js'

/** How long an outage of the store is waited for, in milliseconds. */
const patience = 30_000
/** And how long between two tries. */
const retryAfter = 250

/** 'kept': an account with the same email is there, and stays as it is. */
export type Imported = 'created' | 'kept' | { errors: FieldError[] }

/**
 * Takes one account over from elsewhere; called again it makes nothing twice. A store that fails is tried
 * again for a while. With `dryRun` it only says what it would do. Throws `StoreUnavailable`.
 */
export const createImportAccount = (
  accounts: Pick<AccountStore, 'create' | 'findByEmail' | 'findById'>,
  { dryRun = false, outageMax = patience }: { dryRun?: boolean; outageMax?: number } = {},
) => {
  const idTaken = { errors: [{ field: 'userId', message: 'belongs to another account' }] }

  const foresee = async ({ email, userId }: Account): Promise<Imported> => {
    if ((await accounts.findByEmail(email)) !== undefined) return 'kept'
    return (await accounts.findById(userId)) === undefined ? 'created' : idTaken
  }

  /** 'pending': an import that was cut short has claimed the email, and may not have kept the account. */
  const attempt = async (account: Account, isRetry: boolean): Promise<Imported | 'pending'> => {
    if (dryRun) return foresee(account)
    const outcome = await accounts.create(account)
    if (outcome === 'created') return 'created'
    if (outcome === 'id_taken') return idTaken
    const present = await accounts.findByEmail(account.email)
    if (present === undefined) return 'pending'
    // The try before may have succeeded with its answer lost.
    return isRetry && present.userId === account.userId ? 'created' : 'kept'
  }

  return async (account: Account): Promise<Imported> => {
    let isRetry = false
    for (const late = performance.now() + outageMax; ; ) {
      try {
        const result = await attempt(account, isRetry)
        if (result !== 'pending') return result
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || performance.now() > late) throw error
      }
      isRetry = true
      await setTimeout(retryAfter)
    }
  }
}
