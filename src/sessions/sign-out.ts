import type { Emit, Origin } from '../events/security-event.js'
import type { AccessTokens } from '../tokens/access-token.js'
import type { RefreshTokens } from '../tokens/refresh-token.js'
import type { SessionStore } from './session-store.js'

export interface SignOutDeps {
  sessions: SessionStore
  accessTokens: AccessTokens
  refreshTokens: RefreshTokens
  emit: Emit
}

/**
 * Ends every session that a genuine, unexpired token among these names; of other tokens nothing is left to
 * end. Throws `StoreUnavailable`: the sessions may then live on, and the client has to know.
 */
export const createSignOut =
  (deps: SignOutDeps) =>
  async (presented: { access: string[]; refresh: string[] }, origin: Origin): Promise<void> => {
    const named = new Map<string, string>()
    for (const token of presented.refresh) {
      const read = deps.refreshTokens.read(token)
      if (read !== undefined) named.set(read.sid, read.userId)
    }
    for (const token of presented.access) {
      const verdict = deps.accessTokens.verify(token)
      if ('claims' in verdict) named.set(verdict.claims.sid, verdict.claims.sub)
    }
    for (const [sessionId, userId] of named) {
      const outcome = await deps.sessions.end(userId, sessionId)
      if (outcome === 'ended') deps.emit('logout', origin, { userId, sessionId })
    }
  }
