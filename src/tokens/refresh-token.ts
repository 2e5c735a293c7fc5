import { Type } from '@sinclair/typebox'
import { LRUCache } from 'lru-cache'
import type { Session } from '../sessions/session.js'
import type { IssuedToken } from './access-token.js'
import { commonClaims, createJwt, type JwtSettings, type SigningKeys } from './jwt.js'

/** A generation as `issue` writes it; short enough to stay exact as a number. */
const ordinal = /^[1-9]\d{0,14}$/

const RefreshClaims = Type.Object(commonClaims)

/** What a genuine refresh token names. `generation` is 0 if its id is not one that we give. */
export interface PresentedToken {
  userId: string
  sid: string
  generation: number
}

/** As many tokens are remembered as may be on their way through the hooks at once. */
const readMax = 1_000

/** Issues and verifies refresh tokens. The same session record always gives the same token. */
export const createRefreshTokens = (keys: SigningKeys, settings: JwtSettings) => {
  const jwt = createJwt('rt+jwt', RefreshClaims, keys, settings)
  // A request's token is looked at by the limits, by the watch and by the refresh itself.
  const known = new LRUCache<string, { presented: PresentedToken; until: number }>({ max: readMax })

  return {
    /** The present token of a session, with its remaining life in seconds at the store's time `now`. */
    issue: (userId: string, session: Session, now: number): IssuedToken => {
      const exp = Math.floor(session.expiresAt / 1000)
      const token = jwt.sign({
        sub: userId,
        sid: session.sid,
        jti: `${session.sid}.${session.generation}`,
        iat: Math.floor(session.rotatedAt / 1000),
        exp,
      })
      return { token, expiresIn: Math.max(0, exp - Math.floor(now / 1000)) }
    },

    /** What the token names, or undefined if it is malformed, forged or expired. */
    read: (token: string): PresentedToken | undefined => {
      const read = known.get(token)
      if (read !== undefined && read.until > Date.now()) return read.presented
      const verdict = jwt.verify(token)
      if ('refused' in verdict) return undefined
      const { sub, sid, jti, exp } = verdict.claims
      const isOurs = jti.startsWith(`${sid}.`) && ordinal.test(jti.slice(sid.length + 1))
      const generation = isOurs ? Number(jti.slice(sid.length + 1)) : 0
      const presented = { userId: sub, sid, generation }
      known.set(token, { presented, until: exp * 1000 })
      return presented
    },
  }
}

export type RefreshTokens = ReturnType<typeof createRefreshTokens>
