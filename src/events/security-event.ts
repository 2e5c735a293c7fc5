/**
 * The security events, by the names under which they are logged, stored and counted, with their word in
 * OWASP's Logging Vocabulary where it has one.
 */
export const vocabulary = {
  'user.registered': 'user_created',
  'user.deleted': 'user_deleted',
  'login.succeeded': 'authn_login_success',
  'login.failed': 'authn_login_fail',
  'login.locked': 'authn_login_lock',
  logout: 'session_expired',
  'token.refreshed': 'session_renewed',
  'token.rejected': undefined,
  'token.reuse_detected': 'authn_token_reuse',
  'session.revoked': 'session_expired',
  'password.changed': 'authn_password_change',
  'password.reset_requested': undefined,
  'password.reset': 'authn_password_change',
  'email.verified': undefined,
  'role.changed': 'authz_change',
  'account.deactivated': 'user_updated',
  'account.activated': 'user_updated',
  'account.unlocked': 'user_updated',
  'rate_limit.exceeded': 'excess_rate_limit_exceeded',
  'anomaly.flagged': 'malicious_attack_tool',
  'anomaly.blocked': 'malicious_attack_tool',
  'csrf.rejected': 'malicious_cors',
  'access.denied': 'authz_fail',
} as const

export type EventType = keyof typeof vocabulary

// Object.keys forgets the names of what it lists.
export const eventTypes = Object.keys(vocabulary) as EventType[]

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
  /** The admin who did it to the account. */
  actorId?: string
}

/** Writes one security event; never throws and never makes the caller wait. */
export type Emit = (type: EventType, origin: Origin, details?: EventDetails) => void

/** An event as it is kept; `time` in milliseconds since 1970. */
export interface SecurityEvent extends Origin, EventDetails {
  type: EventType
  time: number
}
