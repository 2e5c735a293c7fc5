import { lives, type Purpose, type RecoveryStore } from '../accounts/recovery-store.js'
import type { Announcer } from '../sessions/invalidation.js'
import { accountTable, emailTable } from './account-store.js'
import type { Environment } from './environment.js'
import type { OnceTable } from './once-table.js'
import type { SessionTable } from './session-table.js'

/** The one-time tokens in LMDB: a record for each. */
export const createRecoveryStore = (
  environment: Environment,
  once: OnceTable,
  sessions: SessionTable,
  { announced }: Announcer,
  clock: () => number,
): RecoveryStore => {
  const accounts = accountTable(environment)
  const emails = emailTable(environment)

  const read = (userId: string, purpose: Purpose, hash: string) => {
    const token = once.get([userId, purpose])
    const account = accounts.get(userId)
    if (token === undefined || 'droppedAt' in token || account === undefined) return undefined
    return token.hash === hash && token.email === account.email ? { token, account } : undefined
  }

  return {
    keep: (userId, token) =>
      environment.transaction(() => {
        const before = once.get([userId, token.purpose])
        const dropped = once.get([userId, 'dropped'])
        const newest = Math.max(
          before !== undefined && 'askedAt' in before ? before.askedAt : 0,
          dropped !== undefined && 'droppedAt' in dropped ? dropped.droppedAt : 0,
        )
        const isOutdated = newest > token.askedAt
        if (isOutdated || accounts.get(userId)?.email !== token.email) return 'outdated'
        once.put([userId, token.purpose], token, clock() + lives[token.purpose])
        return 'kept'
      }),

    find: (userId, purpose, hash) => environment.read(() => read(userId, purpose, hash)?.account),

    verifyEmail: (userId, hash) => {
      const work = environment.transaction(() => {
        const found = read(userId, 'verify_email', hash)
        if (found === undefined) return 'invalid'
        accounts.put(userId, { ...found.account, emailVerified: true })
        once.remove([userId, 'verify_email'])
        return 'verified'
      })
      return announced({ userId }, work)
    },

    resetPassword: (userId, hash, passwordHash) => {
      const work = environment.transaction(() => {
        const found = read(userId, 'reset_password', hash)
        if (found === undefined) return 'invalid'
        const passwordVersion = found.account.passwordVersion + 1
        const account = { ...found.account, passwordHash, passwordVersion, emailVerified: true }
        accounts.put(userId, account)
        sessions.removeAll(userId)
        once.drop(userId)
        return 'reset'
      })
      return announced({ userId }, work)
    },

    changeEmail: (userId, hash) => {
      const work = environment.transaction(
        (): Awaited<ReturnType<RecoveryStore['changeEmail']>> => {
          const found = read(userId, 'change_email', hash)
          const to = found?.token.newEmail
          if (found === undefined || to === undefined || !found.account.isActive) {
            return { outcome: 'invalid' }
          }
          const holder = emails.get(to)
          if (holder !== undefined && accounts.get(holder)?.email === to)
            return { outcome: 'invalid' }
          const { email: from } = found.account
          emails.put(to, userId)
          if (emails.get(from) === userId) emails.remove(from)
          accounts.put(userId, { ...found.account, email: to, emailVerified: true })
          once.drop(userId)
          return { outcome: 'changed', from, to }
        },
      )
      return announced({ userId }, work)
    },
  }
}
