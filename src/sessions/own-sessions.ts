import { SessionNotFound } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import type { Identity } from './identity.js'
import type { Session } from './session.js'
import type { SessionStore } from './session-store.js'

/** What people do with their own sessions. Everything throws `StoreUnavailable`. */
export const createOwnSessions = (deps: { sessions: SessionStore; emit: Emit }) => ({
  /** The live ones, the latest used first. */
  list: async (userId: string): Promise<Session[]> => {
    const sessions = await deps.sessions.list(userId)
    return sessions.sort((a, b) => b.rotatedAt - a.rotatedAt)
  },

  /** Ends one; throws `SessionNotFound` for one that has ended, or is somebody else's. */
  end: async ({ userId }: Identity, sessionId: string, origin: Origin): Promise<void> => {
    if ((await deps.sessions.end(userId, sessionId)) === 'missing') throw new SessionNotFound()
    deps.emit('session.revoked', origin, { userId, sessionId, reason: 'by_owner' })
  },

  /** Ends all, the present one too; answers how many there were. */
  endAll: async ({ userId }: Identity, origin: Origin): Promise<number> => {
    const count = await deps.sessions.endAll(userId)
    deps.emit('session.revoked', origin, { userId, reason: 'all_by_owner' })
    return count
  },
})
