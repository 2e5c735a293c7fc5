import { type Account, isActiveAdmin } from '../accounts/account.js'
import { collectPage, type Listed, placeOf } from '../accounts/account-list.js'
import type { AccountStore, Changed, Removed } from '../accounts/account-store.js'
import type { Announcer } from '../sessions/invalidation.js'
import type { Environment } from './environment.js'
import type { OnceTable } from './once-table.js'
import type { SessionTable } from './session-table.js'

/** Accounts by id. */
export const accountTable = (environment: Environment) =>
  environment.table<Account, string>('accounts')

/** User ids by email: a hint, which counts while the account bears that email. */
export const emailTable = (environment: Environment) => environment.table<string, string>('emails')

/** The accounts in LMDB: a record for each, an index by email, a list by creation, and who the admins are. */
export const createAccountStore = (
  environment: Environment,
  sessions: SessionTable,
  once: OnceTable,
  { announced }: Announcer,
): AccountStore => {
  const accounts = accountTable(environment)
  const emails = emailTable(environment)
  /** Places in the list to user ids. */
  const places = environment.table<string, string>('users')
  const admins = environment.table<true, string>('admins')

  const byEmail = (email: string): Account | undefined => {
    const userId = emails.get(email)
    const account = userId === undefined ? undefined : accounts.get(userId)
    return account?.email === email ? account : undefined
  }
  /** Whether this is the only one: two admins at most are looked at. */
  const isLastAdmin = (account: Account): boolean =>
    isActiveAdmin(account) && ![...admins.getKeys({ limit: 2 })].some((id) => id !== account.userId)
  const put = (account: Account): void => {
    accounts.put(account.userId, account)
    if (isActiveAdmin(account)) admins.put(account.userId, true)
    else admins.remove(account.userId)
  }

  const readBatch = (before: string | undefined, count: number): Promise<Listed[]> =>
    environment.read(() => {
      const from = before === undefined ? {} : { start: before, exclusiveStart: true }
      const range = places.getRange({ ...from, reverse: true, limit: count })
      return [...range].map(({ key, value }) => ({ place: key, account: accounts.get(value) }))
    })

  return {
    findById: (userId) => environment.read(() => accounts.get(userId)),
    findByEmail: (email) => environment.read(() => byEmail(email)),
    create: (account) =>
      environment.transaction(() => {
        if (byEmail(account.email) !== undefined) return 'email_taken'
        if (accounts.get(account.userId) !== undefined) return 'id_taken'
        emails.put(account.email, account.userId)
        places.put(placeOf(account), account.userId)
        put(account)
        return 'created'
      }),
    changePassword: (userId, passwordVersion, passwordHash) => {
      const work = environment.transaction(() => {
        const account = accounts.get(userId)
        if (!account?.isActive || account.passwordVersion !== passwordVersion) {
          return 'account_changed'
        }
        accounts.put(userId, { ...account, passwordHash, passwordVersion: passwordVersion + 1 })
        sessions.removeAll(userId)
        once.drop(userId)
        return 'changed'
      })
      return announced({ userId }, work)
    },
    renewHash: (userId, from, to) =>
      environment.transaction(() => {
        const account = accounts.get(userId)
        if (account?.passwordHash !== from) return 'changed'
        accounts.put(userId, { ...account, passwordHash: to })
        return 'renewed'
      }),
    change: (userId, change) => {
      const work = environment.transaction((): Changed => {
        const before = accounts.get(userId)
        if (before === undefined) return { outcome: 'missing' }
        const account = { ...before, ...change }
        const { name, role, isActive } = before
        const isNew =
          account.name !== name || account.role !== role || account.isActive !== isActive
        if (!isNew) return { outcome: 'unchanged', before, account }
        if (!isActiveAdmin(account) && isLastAdmin(before)) return { outcome: 'last_admin' }
        put(account)
        if (!account.isActive) sessions.removeAll(userId)
        return { outcome: 'changed', before, account }
      })
      return announced({ userId }, work)
    },
    remove: (userId) => {
      const work = environment.transaction((): Removed => {
        const account = accounts.get(userId)
        if (account === undefined) return { outcome: 'missing' }
        if (isLastAdmin(account)) return { outcome: 'last_admin' }
        accounts.remove(userId)
        admins.remove(userId)
        places.remove(placeOf(account))
        if (emails.get(account.email) === userId) emails.remove(account.email)
        sessions.removeAll(userId)
        once.removeAll(userId)
        return { outcome: 'removed', account }
      })
      return announced({ userId }, work)
    },
    list: (query) => collectPage(query, readBatch),
  }
}
