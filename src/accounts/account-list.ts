import { checkedCursor } from '../events/event-store.js'
import type { Account } from './account.js'
import { type AccountFilter, accountFilter } from './search.js'

/** Which accounts, and how many at most. */
export interface AccountQuery extends AccountFilter {
  /** At least 1. */
  limit: number
  /** Where the last page ended; absent for the newest. */
  cursor?: string
}

/**
 * One page of accounts, the newest first; `nextCursor` is absent on the last. A page may be short of its
 * limit, or empty, and not be the last, where a filter finds little.
 */
export interface AccountPage {
  accounts: Account[]
  nextCursor?: string
}

/** As many accounts as one call looks through for a page, and as many as it reads at once. */
const scanMax = 10_000
const batchMax = 500

/**
 * Where an account stands in the list: places sort as text, by creation. The id makes them unique, so that
 * thousands imported in one millisecond neither hide each other nor turn up twice.
 */
export const placeOf = ({ createdAt, userId }: Pick<Account, 'createdAt' | 'userId'>): string =>
  createdAt.toString(36).padStart(9, '0') + userId

const placeForm = /^[\da-z]{9}[\w-]{1,64}$/

/** A place in the list and who is there: nobody where an account has just gone, or is not yet. */
export interface Listed {
  place: string
  account: Account | undefined
}

/**
 * Collects a page from what `read` answers: so many of the places before one, or of the last ones, in
 * falling order. The cursor is the last place that was looked at: accounts that come and go meanwhile neither
 * shift nor repeat what it leads to. Throws `ValidationFailed` for a cursor that no page ended with.
 */
export const collectPage = async (
  { limit, cursor, ...filter }: AccountQuery,
  read: (before: string | undefined, count: number) => Promise<Listed[]>,
): Promise<AccountPage> => {
  const fits = accountFilter(filter)
  const accounts: Account[] = []
  let last = cursor === undefined ? undefined : checkedCursor(cursor, placeForm)
  for (let seen = 0; seen < scanMax; ) {
    // One more than the page takes shows that there is another page.
    const count = fits === undefined ? limit + 1 - accounts.length : batchMax
    const batch = await read(last, count)
    for (const { place, account } of batch) {
      if (account !== undefined && (fits === undefined || fits(account))) {
        if (accounts.length === limit) return page(accounts, last)
        accounts.push(account)
      }
      last = place
    }
    if (batch.length < count) return { accounts }
    seen += count
  }
  return page(accounts, last)
}

const page = (accounts: Account[], nextCursor: string | undefined): AccountPage =>
  nextCursor === undefined ? { accounts } : { accounts, nextCursor }
