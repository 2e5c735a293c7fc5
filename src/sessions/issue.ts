import type { Account } from '../accounts/account.js'
import type { AccessTokens, IssuedToken } from '../tokens/access-token.js'
import type { RefreshTokens } from '../tokens/refresh-token.js'
import type { Session } from './session.js'

/** What a client is handed at sign-in and at each refresh. */
export interface IssuedTokens {
  access: IssuedToken
  refresh: IssuedToken
}

export type Issue = (account: Account, session: Session, now: number) => IssuedTokens

/** Issues both tokens of a session; the refresh token is always the session's present one. */
export const createIssue =
  (access: AccessTokens, refresh: RefreshTokens): Issue =>
  (account, session, now) => ({
    access: access.issue(account, session, now),
    refresh: refresh.issue(account.userId, session, now),
  })
