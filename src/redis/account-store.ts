import type { AccountStore } from '../accounts/account-store.js'
import { StoreUnavailable } from '../errors.js'
import type { Announcer } from '../sessions/invalidation.js'
import { readAccount, splitHash, writeAccount } from './account-record.js'
import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

/** How long an email stays claimed, and an account a draft, by a creation that was cut short. */
const claimMs = 10_000

type Claim = ['claimed'] | ['pending'] | ['held', string]

/** The accounts in Redis: a hash for each, an index by email and one by creation. */
export const createAccountStore = (
  client: Client,
  keys: Keys,
  { announced }: Announcer,
): AccountStore => {
  const changePassword = script<'changed' | 'account_changed'>(client, 'change-password')
  const claimEmail = script<Claim>(client, 'claim-email')
  const confirmEmail = script<'confirmed' | 'lost'>(client, 'confirm-email')
  const draftAccount = script<'drafted'>(client, 'draft-account')
  const keepAccount = script<'kept' | 'lapsed'>(client, 'keep-account')
  const renewHash = script<'renewed' | 'changed'>(client, 'renew-hash')

  const findById: AccountStore['findById'] = async (userId) =>
    readAccount(userId, await command(client.hgetall(keys.account(userId))))

  /** Claims the email, taking the place of a holder whose account is gone. */
  const claim = async (email: string, userId: string): Promise<'claimed' | 'email_taken'> => {
    const key = keys.email(email)
    const [outcome, holder] = await claimEmail([key], [userId, claimMs, ''])
    if (outcome === 'claimed') return 'claimed'
    if (outcome === 'pending') return 'email_taken'
    // Also a draft is there: its creation may be about to keep it.
    if ((await command(client.exists(keys.account(holder)))) > 0) return 'email_taken'
    const [second] = await claimEmail([key], [userId, claimMs, holder])
    return second === 'claimed' ? 'claimed' : 'email_taken'
  }

  return {
    findById,
    renewHash: (userId, from, to) =>
      renewHash([keys.account(userId)], [...splitHash(from), ...splitHash(to)]),

    changePassword: (userId, passwordVersion, hash) => {
      const args = [passwordVersion, ...splitHash(hash), keys.invalidate, userId]
      const work = changePassword([keys.account(userId), keys.sessions(userId)], args)
      return announced({ userId }, work)
    },

    async findByEmail(email) {
      const userId = await command(client.get(keys.email(email)))
      return userId === null ? undefined : findById(userId)
    },

    // Email, account and list lie in three slots of a Cluster, so no single script can write them. Claim
    // and account lapse by themselves until both are made to last; only then is anything acknowledged.
    async create(account) {
      const { userId, email } = account
      const key = keys.account(userId)
      if ((await claim(email, userId)) === 'email_taken') return 'email_taken'
      await Promise.all([
        draftAccount([key], [claimMs, 'draft', 1, ...Object.entries(writeAccount(account)).flat()]),
        command(client.zadd(keys.users, account.createdAt, userId)),
      ])
      if ((await confirmEmail([keys.email(email)], [userId])) === 'lost') {
        await Promise.all([command(client.del(key)), command(client.zrem(keys.users, userId))])
        return 'email_taken'
      }
      if ((await keepAccount([key])) === 'lapsed') throw new StoreUnavailable()
      return 'created'
    },
  }
}
