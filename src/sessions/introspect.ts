import type { AccessTokens } from '../tokens/access-token.js'
import type { Identity } from './identity.js'

/** What is told of a token (RFC 7662, 2.2). Of one that is not good nothing is told but that. */
export type Introspection =
  | { active: false }
  | {
      active: true
      token_type: 'Bearer'
      iss: string
      aud: string
      sub: string
      sid: string
      jti: string
      iat: number
      nbf: number
      exp: number
      role: string
      username: string
      email: string
      email_verified: boolean
      name: string
    }

/**
 * Tells another service whether an access token is good now, and whom it stands for; role and account are
 * the store's. Refresh tokens are nobody else's business, and inactive. Throws `StoreUnavailable`.
 */
export const createIntrospect =
  (deps: {
    accessTokens: AccessTokens
    identifyOne: (token: string) => Promise<Identity | 'expired' | 'invalid'>
  }) =>
  async (token: string): Promise<Introspection> => {
    const verdict = deps.accessTokens.verify(token)
    if ('refused' in verdict) return { active: false }
    const identity = await deps.identifyOne(token)
    if (typeof identity === 'string') return { active: false }
    const { iss, aud, sub, sid, jti, iat, nbf, exp } = verdict.claims
    const { role, email, name, emailVerified: email_verified } = identity
    const about = { role, username: email, email, email_verified, name }
    return { active: true, token_type: 'Bearer', iss, aud, sub, sid, jti, iat, nbf, exp, ...about }
  }
