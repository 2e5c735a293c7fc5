/**
 * The error catalogue: everything that a client may be told went wrong. Each entry is a class, so that
 * code throws it by name, routes list it in their schemas and the error handler needs no table.
 */

/** One refused field of a request. */
export interface FieldError {
  field: string
  message: string
}

/** What an entry of the catalogue may carry beside its fixed code and phrase. */
export interface ErrorDetails {
  /** More members of the answer's body, e.g. `requiredRoles`. Never a secret: they reach the client. */
  extras?: Record<string, unknown>
  /** Seconds, for the `Retry-After` header (RFC 9110, 10.2.3). */
  retryAfter?: number
  /** The limit that was met, for the `RateLimit-*` headers; `reset` in seconds. */
  limit?: { max: number; reset: number }
  /** The failure behind it: logged, never sent. */
  cause?: unknown
}

/** Base of the catalogue; its `message` is written for the client. */
export class GatehouseError extends Error {
  readonly extras: Record<string, unknown>
  readonly retryAfter: number | undefined
  readonly limit: ErrorDetails['limit']

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause })
    this.name = new.target.name
    this.extras = details.extras ?? {}
    this.retryAfter = details.retryAfter
    this.limit = details.limit
  }

  /** Fastify's word for it, which the error handlers of an embedding app know. */
  get statusCode(): number {
    return this.status
  }
}

/** An entry as routes list it: what it answers, without making one. */
export interface ErrorEntry {
  readonly status: number
  readonly code: string
}

const define = (status: number, code: string, message: string, fixed: ErrorDetails = {}) =>
  class extends GatehouseError {
    static readonly status = status
    static readonly code = code

    constructor(details: ErrorDetails = {}) {
      super(status, code, message, { ...fixed, ...details })
    }
  }

/** 400: the request's body, parameters or query break a rule; `errors` names each field. */
export class ValidationFailed extends GatehouseError {
  static readonly status = 400
  static readonly code = 'VALIDATION_FAILED'

  constructor(readonly errors: FieldError[]) {
    super(400, ValidationFailed.code, 'The request is not valid', { extras: { errors } })
  }
}

/** 400: unknown, used, expired, or made void by a newer one or by a changed password; it is not told which. */
export class InvalidResetToken extends define(
  400,
  'INVALID_RESET_TOKEN',
  'This link is not valid any more, ask for a new one',
) {}
/** 400 of the links that verify or confirm an email, alike. */
export class InvalidVerificationToken extends define(
  400,
  'INVALID_VERIFICATION_TOKEN',
  'This link is not valid any more, ask for a new one',
) {}

export class NoToken extends define(401, 'NO_TOKEN', 'Sign in to use this') {}
export class InvalidToken extends define(401, 'INVALID_TOKEN', 'The access token is not valid') {}
export class TokenExpired extends define(401, 'TOKEN_EXPIRED', 'The access token has expired', {
  extras: { requiresRefresh: true },
}) {}
export class InvalidCredentials extends define(
  401,
  'INVALID_CREDENTIALS',
  'The email or the password is wrong',
) {}
export class AccountDeactivated extends define(
  401,
  'ACCOUNT_DEACTIVATED',
  'This account is deactivated',
) {}

/** 401 `NO_REFRESH_TOKEN`: nothing was presented, so there is no verdict and no cookie to clear. */
export class NoRefreshToken extends define(401, 'NO_REFRESH_TOKEN', 'No refresh token was sent') {}

/** The definite verdicts on a refresh token: the only answers that clear the token cookies. */
export class RefreshRefused extends GatehouseError {}
export class RefreshFailed extends RefreshRefused {
  static readonly status = 403
  static readonly code = 'REFRESH_FAILED'
  constructor() {
    super(403, RefreshFailed.code, 'The refresh token is not valid')
  }
}
export class InvalidRefreshToken extends RefreshRefused {
  static readonly status = 403
  static readonly code = 'INVALID_REFRESH_TOKEN'
  constructor() {
    super(403, InvalidRefreshToken.code, 'The session has ended')
  }
}
export class RefreshUserNotFound extends RefreshRefused {
  static readonly status = 403
  static readonly code = 'USER_NOT_FOUND'
  constructor() {
    super(403, RefreshUserNotFound.code, 'The account is gone or inactive')
  }
}

export class RegistrationClosed extends define(
  403,
  'REGISTRATION_CLOSED',
  'Accounts are made by an administrator',
) {}
export class EmailNotVerified extends define(
  403,
  'EMAIL_NOT_VERIFIED',
  'Verify your email address first',
) {}
export class InsufficientPermissions extends define(
  403,
  'INSUFFICIENT_PERMISSIONS',
  'Your role does not allow this',
) {}
export class CsrfRejected extends define(
  403,
  'CSRF_REJECTED',
  'Requests from this origin are not allowed',
) {}
export class NotFound extends define(404, 'NOT_FOUND', 'There is nothing at this address') {}
export class SessionNotFound extends define(404, 'SESSION_NOT_FOUND', 'There is no such session') {}
export class UserNotFound extends define(404, 'USER_NOT_FOUND', 'There is no such account') {}
export class UserExists extends define(
  409,
  'USER_EXISTS',
  'An account with this email exists already',
) {}
export class LastAdmin extends define(
  409,
  'LAST_ADMIN',
  'The last active admin stays one: make somebody else an admin first',
) {}
/** 423: so many wrong passwords that none is checked for a while; `lockDurationMinutes` says how long. */
export class AccountLocked extends define(
  423,
  'ACCOUNT_LOCKED',
  'Too many failed sign-ins, try again later or reset the password',
) {}
export class AuthRateLimitExceeded extends define(
  429,
  'AUTH_RATE_LIMIT_EXCEEDED',
  'Too many failed sign-ins or registrations from your address, try again later',
) {}
export class PasswordResetLimitExceeded extends define(
  429,
  'PASSWORD_RESET_LIMIT_EXCEEDED',
  'Too many mails were asked for, try again later',
) {}
export class RateLimitExceeded extends define(
  429,
  'RATE_LIMIT_EXCEEDED',
  'Too many requests, try again later',
) {}
export class SuspiciousActivityBlocked extends define(
  429,
  'SUSPICIOUS_ACTIVITY_BLOCKED',
  'This looks automated, try again in a minute',
  { retryAfter: 60 },
) {}
export class PayloadTooLarge extends define(413, 'PAYLOAD_TOO_LARGE', 'The body is too large') {}
export class UnsupportedMediaType extends define(
  415,
  'UNSUPPORTED_MEDIA_TYPE',
  'Send the body as application/json',
) {}

export class InternalError extends define(
  500,
  'INTERNAL_ERROR',
  'Something went wrong on our side',
) {}

/** 503: the store did not answer, or not in time. Nothing is known of the operation's outcome. */
export class StoreUnavailable extends define(
  503,
  'STORE_UNAVAILABLE',
  'The store is not available, try again shortly',
  { retryAfter: 1 },
) {}
/** 503: the queue of password hashes is full, or that of mails. */
export class Overloaded extends define(
  503,
  'OVERLOADED',
  'Too much is going on at once, try again shortly',
  { retryAfter: 2 },
) {}
/** 503 of /health/ready alone: the instance is ending, requests should go elsewhere. */
export class Draining extends define(503, 'DRAINING', 'This instance is stopping', {
  retryAfter: 1,
}) {}
export class UnderPressure extends define(
  503,
  'UNDER_PRESSURE',
  'The server is under pressure, try again shortly',
  { retryAfter: 2 },
) {}
