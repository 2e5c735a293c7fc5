import { LRUCache } from 'lru-cache'
import type { Identity } from './identity.js'
import type { Invalidation, Invalidations } from './invalidation.js'

/** Only tokens with more life left than this are kept: the last minute is not worth a place. */
const remainingMin = 60_000

/** How often it knew a token since the start, and how many it holds. */
export interface CacheStats {
  hits: number
  misses: number
  size: number
  /** Whether it may answer at all: false while the invalidation channel is lost. */
  open: boolean
}

/** A reading of the store that is under way; see `ValidationCache.begin`. */
export interface Reading {
  userId: string
  sid: string
  /** What an invalidation that overtook it makes of it; 'revoked' is the stronger. */
  overtaken: 'no' | 'outdated' | 'revoked'
}

/**
 * The access tokens that this instance has accepted, and whom they stand for, so that a known token costs
 * neither cryptography nor a round trip. It never answers what a message has revoked: it forgets at once,
 * and is out of use, and emptied, while the channel of those messages is not proved to work.
 */
export interface ValidationCache {
  /** Whom this exact token stands for, or undefined if that has to be read. */
  get: (token: string) => Identity | undefined
  /** Call before reading from the store. */
  begin: (userId: string, sid: string) => Reading
  /** Keeps what was read, unless it was revoked since `begin`: load, message, insert is a race. */
  put: (reading: Reading, token: string, identity: Identity) => void
  /** Call when the reading is over, whatever it brought. */
  end: (reading: Reading) => void
  stats: () => CacheStats
}

/** `max` entries, the least recently used go first; 0 turns it off. `ttl` in milliseconds. */
export const createValidationCache = (
  invalidations: Invalidations,
  { max, ttl }: { max: number; ttl: number },
): ValidationCache => {
  /** Every token of an account, so that one message finds them all. */
  const byAccount = new Map<string, Set<string>>()
  const readings = new Set<Reading>()
  let hits = 0
  let misses = 0

  const entries = new LRUCache<string, { identity: Identity; until: number }>({
    max: Math.max(max, 1),
    dispose: ({ identity: { userId } }, token) => {
      const tokens = byAccount.get(userId)
      tokens?.delete(token)
      if (tokens?.size === 0) byAccount.delete(userId)
    },
  })

  const matches = ({ userId, sid }: Invalidation, of: { userId: string; sid: string }) =>
    of.userId === userId && (sid === undefined || of.sid === sid)

  const clear = () => {
    entries.clear()
    for (const reading of readings) reading.overtaken = 'revoked'
  }

  invalidations.listen({
    invalidated(invalidation) {
      for (const reading of readings) {
        if (!matches(invalidation, reading)) continue
        if (!invalidation.endsNothing) reading.overtaken = 'revoked'
        else if (reading.overtaken === 'no') reading.overtaken = 'outdated'
      }
      for (const token of [...(byAccount.get(invalidation.userId) ?? [])]) {
        const entry = entries.peek(token)
        const sid = entry?.identity.session.sessionId ?? ''
        if (matches(invalidation, { userId: invalidation.userId, sid })) entries.delete(token)
      }
    },
    lost: clear,
    restored: clear,
  })

  return {
    get(token) {
      const entry = max > 0 && invalidations.isProved() ? entries.get(token) : undefined
      if (entry !== undefined && entry.until > Date.now()) {
        hits += 1
        return entry.identity
      }
      misses += 1
      return undefined
    },
    begin(userId, sid) {
      const reading: Reading = { userId, sid, overtaken: 'no' }
      readings.add(reading)
      return reading
    },
    put(reading, token, identity) {
      const until = Math.min(Date.now() + ttl, identity.session.accessExpiresAt - remainingMin)
      const isKept = max > 0 && reading.overtaken === 'no' && until > Date.now()
      if (!isKept || !invalidations.isProved()) return
      entries.set(token, { identity, until })
      const tokens = byAccount.get(identity.userId)
      if (tokens) tokens.add(token)
      else byAccount.set(identity.userId, new Set([token]))
    },
    end: (reading) => {
      readings.delete(reading)
    },
    stats: () => ({ hits, misses, size: entries.size, open: max > 0 && invalidations.isProved() }),
  }
}
