import { Type } from '@sinclair/typebox'
import type { Account } from '../accounts/account.js'
import { roles } from '../accounts/account.js'
import { randomId } from '../ids.js'
import type { Session } from '../sessions/session.js'
import {
  commonClaims,
  createJwt,
  createJwtCheck,
  type JwtSettings,
  type SigningKeys,
} from './jwt.js'
import type { VerifyingKey } from './signature.js'

/** A token and its remaining life in seconds. */
export interface IssuedToken {
  token: string
  expiresIn: number
}

/** Nothing personal is in it: a token ends up in logs of others (NIST SP 800-63B-4, 5.1.1). */
const AccessClaims = Type.Object({
  ...commonClaims,
  nbf: Type.Integer({ minimum: 0 }),
  role: Type.Union(roles.map((role) => Type.Literal(role))),
})

/** The check of access tokens alone, for keys that may be public. */
export const createAccessCheck = (
  keys: readonly VerifyingKey[],
  settings: JwtSettings,
): AccessTokens['verify'] => createJwtCheck('at+jwt', AccessClaims, keys, settings)

/** Issues and verifies access tokens; `lifetime` in milliseconds. */
export const createAccessTokens = (
  keys: SigningKeys,
  settings: JwtSettings & { lifetime: number },
) => {
  const jwt = createJwt('at+jwt', AccessClaims, keys, settings)
  return {
    verify: jwt.verify,
    /** A token for a live session at the store's time `now`; never outlives the session. */
    issue: (
      account: Pick<Account, 'userId' | 'role'>,
      session: Pick<Session, 'sid' | 'expiresAt'>,
      now: number,
    ): IssuedToken => {
      const iat = Math.floor(now / 1000)
      const exp = Math.floor(Math.min(now + settings.lifetime, session.expiresAt) / 1000)
      const token = jwt.sign({
        sub: account.userId,
        sid: session.sid,
        jti: randomId(),
        iat,
        nbf: iat,
        exp,
        role: account.role,
      })
      return { token, expiresIn: exp - iat }
    },
  }
}

export type AccessTokens = ReturnType<typeof createAccessTokens>
