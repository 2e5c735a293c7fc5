import type { PublicAccount } from '../accounts/account.js'
import { InvalidToken, NoToken, TokenExpired } from '../errors.js'
import type { AccessTokens } from '../tokens/access-token.js'
import type { SessionStore } from './session-store.js'

/** Who a request comes from: the account as the store has it, and the session it is signed in by. */
export interface Identity extends Omit<PublicAccount, 'isActive'> {
  session: {
    sessionId: string
    createdAt: number
    /** When the session ends unless it is refreshed. */
    expiresAt: number
    accessExpiresAt: number
  }
}

/**
 * Finds out whom an access token stands for. Signature and claims are checked first; then session and
 * account are read, because role and state are the store's, never the token's. Of several tokens (cookies
 * of one name) the first that is good decides. Throws `NoToken`, `TokenExpired`, `InvalidToken`,
 * `StoreUnavailable`.
 */
export const createIdentify = (deps: { sessions: SessionStore; accessTokens: AccessTokens }) => {
  const identifyOne = async (token: string): Promise<Identity | 'expired' | 'invalid'> => {
    const verdict = deps.accessTokens.verify(token)
    if ('refused' in verdict) return verdict.refused
    const { sub, sid, exp } = verdict.claims
    const found = await deps.sessions.find(sub, sid)
    if (found === undefined) return 'invalid'
    const { account, session } = found
    return {
      userId: account.userId,
      email: account.email,
      name: account.name,
      role: account.role,
      emailVerified: account.emailVerified,
      createdAt: account.createdAt,
      lastLoginAt: account.lastLoginAt,
      session: {
        sessionId: session.sid,
        createdAt: session.createdAt,
        expiresAt: session.expiresAt,
        accessExpiresAt: exp * 1000,
      },
    }
  }

  return async (tokens: string[]): Promise<Identity> => {
    if (tokens.length === 0) throw new NoToken()
    let expired = false
    for (const token of tokens) {
      const identity = await identifyOne(token)
      if (typeof identity === 'object') return identity
      expired ||= identity === 'expired'
    }
    throw expired ? new TokenExpired() : new InvalidToken()
  }
}
