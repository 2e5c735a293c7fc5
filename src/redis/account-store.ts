import { type Account, isActiveAdmin } from '../accounts/account.js'
import type { AccountChange, AccountStore } from '../accounts/account-store.js'
import { voidMs } from '../accounts/recovery-store.js'
import { StoreUnavailable } from '../errors.js'
import type { Announcer } from '../sessions/invalidation.js'
import { createAccountList } from './account-list.js'
import { firstStanding, readAccount, readPairs, splitHash, writeAccount } from './account-record.js'
import { createAdmins, type Guarded } from './admins.js'
import { claimMs, createEmailIndex } from './email-index.js'
import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

type Changing = ['changed' | 'unchanged', before: string[], after: string[]] | ['missing'] | Guarded
type Removing = ['removed', fields: string[]] | ['missing'] | Guarded

/** The accounts in Redis: a hash for each, an index by email, a list by creation, and who the admins are. */
export const createAccountStore = (
  client: Client,
  keys: Keys,
  { announced }: Announcer,
): AccountStore => {
  const changeAccount = script<Changing>(client, 'change-account')
  const changePassword = script<'changed' | 'account_changed'>(client, 'change-password')
  const draftAccount = script<'drafted' | 'taken'>(client, 'draft-account')
  const keepAccount = script<'kept' | 'lapsed'>(client, 'keep-account')
  const removeAccount = script<Removing>(client, 'remove-account')
  const renewHash = script<'renewed' | 'changed'>(client, 'renew-hash')
  const emails = createEmailIndex(client, keys)
  const admins = createAdmins(client, keys)
  const list = createAccountList(client, keys, admins)

  const findById: AccountStore['findById'] = async (userId) =>
    readAccount(userId, await command(client.hgetall(keys.account(userId))))

  return {
    findById,
    renewHash: (userId, from, to) =>
      renewHash([keys.account(userId)], [...splitHash(from), ...splitHash(to)]),

    changePassword: (userId, passwordVersion, hash) => {
      const slot = [keys.account(userId), keys.sessions(userId), keys.once(userId)]
      const args = [passwordVersion, ...splitHash(hash), keys.invalidate, userId, voidMs]
      const work = changePassword(slot, args)
      return announced({ userId }, work)
    },

    async findByEmail(email) {
      // Nobody's is looked at too, for the same time: at a lock there is no hash to hide the difference.
      const account = await findById((await emails.holder(email)) ?? '')
      return account?.email === email ? account : undefined
    },

    // Email, account, list and admins lie in slots of their own in a Cluster, so no single script can write
    // them. Claim and account lapse by themselves until both are made to last; only then is anything
    // acknowledged. The account comes before its place, so that a place without one may be cleared away.
    async create(account) {
      const { userId, email } = account
      const key = keys.account(userId)
      if ((await emails.claim(email, userId)) === 'email_taken') return 'email_taken'
      const fields = Object.entries(writeAccount(account)).flat()
      if ((await draftAccount([key], [claimMs, email, 'draft', 1, ...fields])) === 'taken') {
        await emails.release(email, userId)
        return 'id_taken'
      }
      await list.add(account)
      if ((await emails.confirm(email, userId)) === 'lost') {
        await Promise.all([command(client.del(key)), list.remove(account)])
        return 'email_taken'
      }
      if ((await keepAccount([key])) === 'lapsed') throw new StoreUnavailable()
      if (isActiveAdmin(account)) await admins.join(userId, firstStanding)
      return 'created'
    },

    async change(userId, change) {
      const slot = [keys.account(userId), keys.sessions(userId)]
      const reply = await admins.guarded(userId, (standing) => {
        const args = [keys.invalidate, userId, standing, ...fieldsOf(change)]
        return announced({ userId }, changeAccount(slot, args))
      })
      if (reply[0] !== 'changed' && reply[0] !== 'unchanged') return { outcome: reply[0] }
      const [outcome, before, after] = reply
      await admins.note(userId, readPairs(after))
      return { outcome, before: readReply(userId, before), account: readReply(userId, after) }
    },

    async remove(userId) {
      const slot = [keys.account(userId), keys.sessions(userId), keys.once(userId)]
      const reply = await admins.guarded(userId, (standing) =>
        announced({ userId }, removeAccount(slot, [keys.invalidate, userId, standing])),
      )
      if (reply[0] !== 'removed') return { outcome: reply[0] }
      const account = readReply(userId, reply[1])
      // From here on nobody finds the account: what a crash leaves of these leads nowhere.
      await Promise.all([emails.release(account.email, userId), list.remove(account)])
      return { outcome: 'removed', account }
    },

    list: list.page,
  }
}

/** The fields and values of a change. */
const fieldsOf = ({ name, role, isActive }: AccountChange): (string | number)[] => [
  ...(name === undefined ? [] : ['name', name]),
  ...(role === undefined ? [] : ['role', role]),
  ...(isActive === undefined ? [] : ['active', isActive ? 1 : 0]),
]

const readReply = (userId: string, fields: string[]): Account => {
  const account = readAccount(userId, readPairs(fields))
  if (account === undefined) throw new Error('The store answered a change without its account')
  return account
}
