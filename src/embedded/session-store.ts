import type { Announcer } from '../sessions/invalidation.js'
import { judge } from '../sessions/rotation.js'
import type { Session } from '../sessions/session.js'
import type { Rotation, SessionStore } from '../sessions/session-store.js'
import { accountTable } from './account-store.js'
import type { Environment } from './environment.js'
import type { SessionTable } from './session-table.js'

/** The sessions in LMDB: a record for each, by account and birth. */
export const createSessionStore = (
  environment: Environment,
  sessions: SessionTable,
  { announce, announced }: Announcer,
  clock: () => number,
): SessionStore => {
  const accounts = accountTable(environment)
  const activeAccount = (userId: string) => {
    const account = accounts.get(userId)
    return account?.isActive ? account : undefined
  }

  return {
    async start({ userId, sid, passwordVersion, device, idle, absolute, cap }) {
      let ended = 0
      const started = await environment.transaction(() => {
        const account = activeAccount(userId)
        if (account?.passwordVersion !== passwordVersion) return 'account_changed'
        const now = clock()
        // The oldest first; this one does not count if it is started again.
        const others = sessions
          .list(userId)
          .filter((other) => other.sid !== sid)
          .sort((a, b) => a.createdAt - b.createdAt)
        ended = Math.max(0, others.length - cap + 1)
        for (const old of others.slice(0, ended)) sessions.remove([userId, old.sid])
        const endsAt = now + absolute
        const session: Session = {
          sid,
          createdAt: now,
          rotatedAt: now,
          generation: 1,
          expiresAt: Math.min(now + idle, endsAt),
          endsAt,
          ...device,
        }
        sessions.put([userId, sid], session, session.expiresAt)
        const signedIn = { ...account, lastLoginAt: now }
        accounts.put(userId, signedIn)
        return { account: signedIn, session }
      })
      if (started !== 'account_changed') {
        announce({ userId, ...(ended === 0 && { endsNothing: true }) })
      }
      return started
    },

    async rotate({ userId, sid, generation, device, idle, grace, punish }) {
      const rotation = await environment.transaction((): Rotation => {
        const account = activeAccount(userId)
        if (account === undefined) return { outcome: 'account_gone' }
        const session = sessions.get([userId, sid])
        if (session === undefined) return { outcome: 'missing' }
        const now = clock()
        const outcome = judge(session, generation, now, grace)
        if (outcome === 'repeated') return { outcome, account, session, now }
        if (outcome === 'rotated') {
          const rotated: Session = {
            ...session,
            ...device,
            generation: generation + 1,
            rotatedAt: now,
            expiresAt: Math.min(now + idle, session.endsAt),
          }
          sessions.put([userId, sid], rotated, rotated.expiresAt)
          return { outcome, account, session: rotated, now }
        }
        if (!punish) return { outcome: 'stale' }
        sessions.remove([userId, sid])
        return { outcome }
      })
      if (rotation.outcome === 'reused') announce({ userId, sid })
      return rotation
    },

    find: (userId, sid) =>
      environment.read(() => {
        const account = activeAccount(userId)
        const session = sessions.get([userId, sid])
        return account && session ? { account, session } : undefined
      }),

    list: (userId) => environment.read(() => sessions.list(userId)),

    end(userId, sid) {
      const work = environment.transaction(() => {
        if (sessions.get([userId, sid]) === undefined) return 'missing'
        sessions.remove([userId, sid])
        return 'ended'
      })
      return announced({ userId, sid }, work)
    },

    endAll(userId) {
      const work = environment.transaction(() => {
        const { length } = sessions.list(userId)
        sessions.removeAll(userId)
        return length
      })
      return announced({ userId }, work)
    },
  }
}
