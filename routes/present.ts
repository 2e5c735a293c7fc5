import type { PublicAccount } from '../src/accounts/account.js'
import type { SecurityEvent } from '../src/events/security-event.js'
import type { Session } from '../src/sessions/session.js'
import type { AdminUser, Event, OwnSession, User } from './schemas.js'

/** As many times as are remembered: a person's are the same in every answer. */
const timesMax = 50_000
const times = new Map<number, string>()

/** Times leave the server as ISO 8601 in UTC (RFC 3339). */
export const isoTime = (milliseconds: number): string => {
  const known = times.get(milliseconds)
  if (known !== undefined) return known
  const text = new Date(milliseconds).toISOString()
  if (times.size === timesMax) times.clear()
  times.set(milliseconds, text)
  return text
}

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

/** An account as admins see it. */
export const presentForAdmin = (account: PublicAccount): AdminUser => ({
  ...presentUser(account),
  isActive: account.isActive,
})

/** A session as its owner sees it; `current` is the id of the one that asks. */
export const presentSession = (session: Session, current: string): OwnSession => ({
  sessionId: session.sid,
  current: session.sid === current,
  createdAt: isoTime(session.createdAt),
  lastSeenAt: isoTime(session.rotatedAt),
  ip: session.ip,
  userAgent: session.userAgent,
})

/** A security event as admins, and people of themselves, see it. */
export const presentEvent = ({ time, ...event }: SecurityEvent): Event => ({
  ...event,
  time: isoTime(time),
})
