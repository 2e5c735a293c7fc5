import type { Account } from '../accounts/account.js'
import type { AccountStore } from '../accounts/account-store.js'
import type { Announcer } from '../sessions/invalidation.js'
import type { Environment } from './environment.js'
import type { SessionTable } from './session-store.js'

export const accountTable = (environment: Environment) =>
  environment.table<Account, string>('accounts')

/** The accounts in LMDB: a record for each, an index by email. */
export const createAccountStore = (
  environment: Environment,
  sessions: SessionTable,
  { announced }: Announcer,
): AccountStore => {
  const accounts = accountTable(environment)
  const emails = environment.table<string, string>('emails')

  return {
    findById: (userId) => environment.read(() => accounts.get(userId)),
    findByEmail: (email) =>
      environment.read(() => {
        const userId = emails.get(email)
        return userId === undefined ? undefined : accounts.get(userId)
      }),
    create: (account) =>
      environment.transaction(() => {
        if (emails.get(account.email) !== undefined) return 'email_taken'
        emails.put(account.email, account.userId)
        accounts.put(account.userId, account)
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
  }
}
