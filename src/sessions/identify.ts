import { InvalidToken, NoToken, StoreUnavailable, TokenExpired } from '../errors.js'
import type { AccessTokens } from '../tokens/access-token.js'
import { type Identity, identityOf } from './identity.js'
import { knowNothing, type LastKnown } from './last-known.js'
import type { SessionStore } from './session-store.js'
import type { ValidationCache } from './validation-cache.js'

/** Whom one token stands for, or why nobody. */
export type IdentifyOne<Who> = (token: string) => Promise<Who | 'expired' | 'invalid'>

/**
 * Whom a request's tokens stand for. Of several (cookies of one name) the first that is good decides. Throws
 * `NoToken`, `TokenExpired`, `InvalidToken`.
 */
export const firstGood =
  <Who extends object>(identifyOne: IdentifyOne<Who>) =>
  async (tokens: string[]): Promise<Who> => {
    if (tokens.length === 0) throw new NoToken()
    let expired = false
    for (const token of tokens) {
      const identity = await identifyOne(token)
      if (typeof identity === 'object') return identity
      expired ||= identity === 'expired'
    }
    throw expired ? new TokenExpired() : new InvalidToken()
  }

/**
 * Finds out whom access tokens stand for. One that the cache knows costs no more than a look-up, and is
 * answered at once, without a promise. Otherwise signature and claims are checked first; then session and
 * account are read, because role and state are the store's, never the token's. Throws `NoToken`,
 * `TokenExpired`, `InvalidToken`, `StoreUnavailable`.
 */
export const createIdentify = (deps: {
  sessions: Pick<SessionStore, 'find'>
  accessTokens: Pick<AccessTokens, 'verify'>
  cache: ValidationCache
  /** For outages; without it nobody is known then. */
  lastKnown?: LastKnown
}) => {
  const { sessions, accessTokens, cache, lastKnown = knowNothing } = deps

  const read = async (token: string): Promise<Identity | 'expired' | 'invalid'> => {
    const verdict = accessTokens.verify(token)
    if ('refused' in verdict) return verdict.refused
    const { sub, sid, exp } = verdict.claims
    const reading = cache.begin(sub, sid)
    try {
      const found = await sessions.find(sub, sid)
      if (found === undefined) {
        lastKnown.forget(token)
        return 'invalid'
      }
      const identity = identityOf(found, exp * 1000)
      cache.put(reading, token, identity)
      lastKnown.put(reading, token, identity)
      return identity
    } finally {
      cache.end(reading)
    }
  }

  const identifyOne: IdentifyOne<Identity> = async (token) => cache.get(token) ?? read(token)

  const identify = (tokens: string[]): Identity | Promise<Identity> => {
    const [first] = tokens
    const known = first === undefined ? undefined : cache.get(first)
    if (known !== undefined) return known
    return firstGood((token) => (token === first ? read(token) : identifyOne(token)))(tokens)
  }

  /** Whom they stood for when the store could still be asked; of tokens that are good by themselves. */
  const recall = (tokens: string[]): Identity | undefined => {
    for (const token of tokens) {
      const identity = 'claims' in accessTokens.verify(token) ? lastKnown.get(token) : undefined
      if (identity !== undefined) return { ...identity, unconfirmed: true }
    }
    return undefined
  }

  /** The one, or in an outage the other. */
  const identifyOrRecall = async (tokens: string[]): Promise<Identity> => {
    try {
      return await identify(tokens)
    } catch (error) {
      const known = error instanceof StoreUnavailable ? recall(tokens) : undefined
      if (known === undefined) throw error
      return known
    }
  }

  return { identify, identifyOne, recall, identifyOrRecall }
}
