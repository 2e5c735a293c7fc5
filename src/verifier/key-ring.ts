import { GatehouseError } from '../errors.js'
import { type AccessTokens, createAccessCheck } from '../tokens/access-token.js'
import { type JwtSettings, keyIdOf } from '../tokens/jwt.js'
import type { Key } from '../tokens/keys.js'
import { verifyingKey } from '../tokens/signature.js'

/** The keys that access tokens are verified with. */
export interface KeyRing {
  /**
   * Whether a token names a key of the ring, which may ask for news of it. Throws `KeysUnavailable` where no
   * key was ever had.
   */
  knows: (token: string) => Promise<boolean>
  /** Checks a token with the keys that are there. */
  verify: AccessTokens['verify']
  close: () => void
}

/** 503: there are no keys yet, so nothing can be said of any token. */
export class KeysUnavailable extends GatehouseError {
  constructor() {
    const message = 'The keys to check your token with are not available, try again shortly'
    super(503, 'KEYS_UNAVAILABLE', message, { retryAfter: 1 })
  }
}

/** What the keys of one moment can do. */
const createSnapshot = (keys: readonly Key[], settings: JwtSettings) => ({
  kids: new Set(keys.map(({ kid }) => kid)),
  verify: createAccessCheck(keys.map(verifyingKey), settings),
})

/** A ring that stays as it is. */
export const createFixedRing = (keys: readonly Key[], settings: JwtSettings): KeyRing => {
  const { kids, verify } = createSnapshot(keys, settings)
  return {
    knows: async (token) => kids.has(keyIdOf(token) ?? ''),
    verify,
    close: () => {},
  }
}

/** No more often than this, in milliseconds, a key that nobody knows makes us ask: anybody can invent one. */
const askEvery = 5_000

/**
 * A ring that is fetched: at once, every `maxAge` milliseconds, and when a token names a key that is not in
 * it. What could not be fetched leaves it as it is.
 */
export const createFetchedRing = async (
  fetchKeys: () => Promise<Key[]>,
  settings: JwtSettings & { maxAge: number },
  failed: (cause: unknown) => void,
): Promise<KeyRing> => {
  let current = createSnapshot([], settings)
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined

  const ask = async () => {
    askedAt = performance.now()
    try {
      const keys = await fetchKeys()
      const isNews =
        keys.length !== current.kids.size || keys.some(({ kid }) => !current.kids.has(kid))
      if (isNews) current = createSnapshot(keys, settings)
    } catch (cause) {
      failed(cause)
    }
    asking = undefined
  }
  const askOnce = () => {
    asking ??= ask()
    return asking
  }

  const timer = setInterval(askOnce, settings.maxAge)
  timer.unref()
  await askOnce()

  return {
    async knows(token) {
      const kid = keyIdOf(token)
      if (kid === undefined) return false
      const mayAsk = asking !== undefined || performance.now() - askedAt >= askEvery
      if (!current.kids.has(kid) && mayAsk) await askOnce()
      if (current.kids.size === 0) throw new KeysUnavailable()
      return current.kids.has(kid)
    },
    verify: (token) => current.verify(token),
    close: () => clearInterval(timer),
  }
}
