/** The security events, by the names under which they are logged and counted. */
export const eventTypes = [
  'user.registered',
  'login.succeeded',
  'login.failed',
  'logout',
  'token.refreshed',
  'token.rejected',
  'token.reuse_detected',
  'session.revoked',
  'password.changed',
  'csrf.rejected',
] as const
export type EventType = (typeof eventTypes)[number]

/** Where a request comes from. */
export interface Origin {
  requestId: string
  ip: string
  userAgent: string
}

/** Whom and what an event is about. Never a token, password, hash or email. */
export interface EventDetails {
  userId?: string
  sessionId?: string
  reason?: string
}

/** Writes one security event; never throws and never makes the caller wait. */
export type Emit = (type: EventType, origin: Origin, details?: EventDetails) => void
