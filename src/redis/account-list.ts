import type { Account } from '../accounts/account.js'
import {
  type AccountPage,
  type AccountQuery,
  collectPage,
  type Listed,
  placeOf,
} from '../accounts/account-list.js'
import { readAccount } from './account-record.js'
import type { Admins } from './admins.js'
import type { Keys } from './keys.js'
import { type Client, command } from './script.js'

/** How many characters of a place stand before the account's id. */
const timeLength = 9

/** All accounts in the order of their creation: a sorted set of their places, with one score for all. */
export const createAccountList = (client: Client, keys: Keys, admins: Admins) => {
  const readBatch = async (before: string | undefined, count: number): Promise<Listed[]> => {
    const max = before === undefined ? '+' : `(${before}`
    const places = await command(client.zrevrangebylex(keys.users, max, '-', 'LIMIT', 0, count))
    const found = await Promise.all(
      places.map(async (place) => {
        const userId = place.slice(timeLength)
        const fields = await command(client.hgetall(keys.account(userId)))
        return { place, userId, fields, account: readAccount(userId, fields) }
      }),
    )
    // An account is written before its place, so these were removed, or lapsed, and do not come back.
    const gone = found.filter(({ fields }) => fields.email === undefined)
    if (gone.length > 0) {
      await command(client.zrem(keys.users, ...gone.map(({ place }) => place)))
    }
    await admins.heal(found.map(({ userId, fields }) => [userId, fields]))
    return found
  }

  return {
    add: async (account: Account): Promise<void> => {
      await command(client.zadd(keys.users, 0, placeOf(account)))
    },
    remove: async (account: Pick<Account, 'createdAt' | 'userId'>): Promise<void> => {
      await command(client.zrem(keys.users, placeOf(account)))
    },
    page: (query: AccountQuery): Promise<AccountPage> => collectPage(query, readBatch),
  }
}
