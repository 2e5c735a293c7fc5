import type { Account } from '../accounts/account.js'
import type { Session } from '../sessions/session.js'
import { legible, table } from './output.js'

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** An account as the admin routes show it. */
export const presentUser = (account: Account) => ({
  userId: account.userId,
  email: account.email,
  name: account.name,
  role: account.role,
  emailVerified: account.emailVerified,
  createdAt: isoTime(account.createdAt),
  lastLoginAt: account.lastLoginAt === 0 ? null : isoTime(account.lastLoginAt),
  isActive: account.isActive,
})

export type UserView = ReturnType<typeof presentUser>

/** One account, a line for each thing that is known of it. */
export const userLines = (user: UserView): string =>
  Object.entries(user)
    .map(([name, value]) => `${name.padEnd(14)}${legible(String(value ?? 'never'))}`)
    .join('\n')

/** Accounts, a line each. */
export const userTable = (users: UserView[]): string =>
  table(
    ['USER ID', 'EMAIL', 'NAME', 'ROLE', 'STATE', 'CREATED'],
    users.map(({ userId, email, name, role, isActive, emailVerified, createdAt }) => [
      userId,
      email,
      legible(name),
      role,
      isActive ? (emailVerified ? 'active' : 'unverified') : 'deactivated',
      createdAt,
    ]),
  )

/** A session as one's own route shows it. */
export const presentSession = (session: Session) => ({
  sessionId: session.sid,
  createdAt: isoTime(session.createdAt),
  lastSeenAt: isoTime(session.rotatedAt),
  expiresAt: isoTime(session.expiresAt),
  ip: session.ip,
  userAgent: session.userAgent,
})

/** Sessions, a line each. */
export const sessionTable = (sessions: ReturnType<typeof presentSession>[]): string =>
  table(
    ['SESSION ID', 'CREATED', 'LAST SEEN', 'ADDRESS', 'USER AGENT'],
    sessions.map(({ sessionId, createdAt, lastSeenAt, ip, userAgent }) => [
      sessionId,
      createdAt,
      lastSeenAt,
      ip,
      legible(userAgent),
    ]),
  )
