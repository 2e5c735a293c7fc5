import { LRUCache } from 'lru-cache'
import type { Identity } from './identity.js'
import type { Invalidations } from './invalidation.js'
import type { Reading } from './validation-cache.js'

/**
 * Whom accepted tokens stood for when the store was last asked: for an outage of the store, when nobody can
 * say more. Unlike the validation cache it outlives the loss of the channel, which the outage itself brings;
 * what was heard to be revoked before is forgotten all the same.
 */
export interface LastKnown {
  /** Keeps what was read, unless it was revoked since the reading began. */
  put: (reading: Reading, token: string, identity: Identity) => void
  /** Whom this exact token stood for. Its signature and its end are checked by whoever asks. */
  get: (token: string) => Identity | undefined
  /** The store says that this token is good for nothing any more. */
  forget: (token: string) => void
}

/** As many as `max`; the ones that were read the longest ago go first. */
export const createLastKnown = (invalidations: Invalidations, max: number): LastKnown => {
  /** By account, so that one message finds all its tokens. */
  const byAccount = new Map<string, Set<string>>()
  const entries = new LRUCache<string, Identity>({
    max,
    dispose: ({ userId }, token) => {
      const tokens = byAccount.get(userId)
      tokens?.delete(token)
      if (tokens?.size === 0) byAccount.delete(userId)
    },
  })
  /** Whether messages may have been missed since the entries were made. */
  let hasGap = false

  invalidations.listen({
    invalidated({ userId, sid, endsNothing }) {
      // Older than it could be, but that is what an outage is like.
      if (endsNothing) return
      for (const token of [...(byAccount.get(userId) ?? [])]) {
        const { sessionId } = entries.peek(token)?.session ?? {}
        if (sid === undefined || sid === sessionId) entries.delete(token)
      }
    },
    lost: () => {
      hasGap = true
    },
    // What was revoked in between was not heard: the store has to say it anew.
    restored: () => {
      hasGap = false
      entries.clear()
    },
  })

  return {
    put(reading, token, identity) {
      if (reading.overtaken === 'revoked') return
      // The channel is lost, but the store answers: this is no outage, and who knows what was revoked.
      if (hasGap) entries.clear()
      hasGap = false
      entries.set(token, identity)
      const tokens = byAccount.get(identity.userId)
      if (tokens) tokens.add(token)
      else byAccount.set(identity.userId, new Set([token]))
    },
    get: (token) => entries.peek(token),
    forget: (token) => {
      entries.delete(token)
    },
  }
}

/** Where nothing is to be known in an outage. */
export const knowNothing: LastKnown = { put: () => {}, get: () => undefined, forget: () => {} }
