import type { PublicAccount } from '../src/accounts/account.js'
import type { User } from './schemas.js'

/** Times leave the server as ISO 8601 in UTC (RFC 3339). */
export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** An account as the outside sees it. */
export const presentUser = (account: Omit<PublicAccount, 'isActive'>): User => ({
  userId: account.userId,
  email: account.email,
  name: account.name,
  role: account.role,
  emailVerified: account.emailVerified,
  createdAt: isoTime(account.createdAt),
  lastLoginAt: account.lastLoginAt === 0 ? null : isoTime(account.lastLoginAt),
})
