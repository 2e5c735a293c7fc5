import type { PublicAccount } from '../accounts/account.js'
import type { SessionAndAccount } from './session-store.js'

/** Who a request comes from: the account as the store has it, and the session it is signed in by. */
export interface Identity extends Omit<PublicAccount, 'isActive'> {
  session: {
    sessionId: string
    createdAt: number
    /** When the session ends unless it is refreshed. */
    expiresAt: number
    accessExpiresAt: number
  }
  /** In an outage, with `STORE_OUTAGE_MODE=stateless`: this is what the store said before it. */
  unconfirmed?: true
}

/**
 * Who the account and session of a store's record are. Nobody can write on it: the validation cache shows the
 * one object to every request with the same token, and to the hooks of an embedding app.
 */
export const identityOf = (
  { account, session }: SessionAndAccount,
  accessExpiresAt: number,
): Identity =>
  Object.freeze({
    userId: account.userId,
    email: account.email,
    name: account.name,
    role: account.role,
    emailVerified: account.emailVerified,
    createdAt: account.createdAt,
    lastLoginAt: account.lastLoginAt,
    session: Object.freeze({
      sessionId: session.sid,
      createdAt: session.createdAt,
      expiresAt: session.expiresAt,
      accessExpiresAt,
    }),
  })
