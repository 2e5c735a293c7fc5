import { define, type FieldError, GatehouseError } from './gatehouse-error.js'

/**
 * The error catalogue: everything that a client may be told went wrong, by status. Each entry is a class, so
 * that code throws it by name, routes list it in their schemas and the error handler needs no table.
 */
export {
  type ErrorDetails,
  type ErrorEntry,
  type FieldError,
  GatehouseError,
} from './gatehouse-error.js'

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

/** 401: nobody is signed in. */
export class NoToken extends define(401, 'NO_TOKEN', 'Sign in to use this') {}
/** 401: the access token is not good, or its session has ended. */
export class InvalidToken extends define(401, 'INVALID_TOKEN', 'The access token is not valid') {}
/** 401: the access token is past its end; a refresh brings another. */
export class TokenExpired extends define(401, 'TOKEN_EXPIRED', 'The access token has expired', {
  extras: { requiresRefresh: true },
}) {}
/** 401: no account, no password or a wrong one; it is not told which. */
export class InvalidCredentials extends define(
  401,
  'INVALID_CREDENTIALS',
  'The email or the password is wrong',
) {}
/** 401, told only to who knows the password. */
export class AccountDeactivated extends define(
  401,
  'ACCOUNT_DEACTIVATED',
  'This account is deactivated',
) {}

/** 401: nothing was presented, so there is no verdict and no cookie to clear. */
export class NoRefreshToken extends define(401, 'NO_REFRESH_TOKEN', 'No refresh token was sent') {}

/** The definite verdicts on a refresh token: the only answers that clear the token cookies. */
export class RefreshRefused extends GatehouseError {}
/** 403: malformed, forged or expired. */
export class RefreshFailed extends define(
  403,
  'REFRESH_FAILED',
  'The refresh token is not valid',
  {},
  RefreshRefused,
) {}
/** 403: genuine, but its session has ended, or it was used before. */
export class InvalidRefreshToken extends define(
  403,
  'INVALID_REFRESH_TOKEN',
  'The session has ended',
  {},
  RefreshRefused,
) {}
/** 403: the account of a refresh token is gone or inactive. */
export class RefreshUserNotFound extends define(
  403,
  'USER_NOT_FOUND',
  'The account is gone or inactive',
  {},
  RefreshRefused,
) {}

/** 403: with `REGISTRATION=closed`. */
export class RegistrationClosed extends define(
  403,
  'REGISTRATION_CLOSED',
  'Accounts are made by an administrator',
) {}
/** 403, told only to who knows the password. */
export class EmailNotVerified extends define(
  403,
  'EMAIL_NOT_VERIFIED',
  'Verify your email address first',
) {}
/** 403: signed in, but with none of the roles; the extras are `requiredRoles` and `userRole`. */
export class InsufficientPermissions extends define(
  403,
  'INSUFFICIENT_PERMISSIONS',
  'Your role does not allow this',
) {}
/** 403: sent by a page that may not call this server. */
export class CsrfRejected extends define(
  403,
  'CSRF_REJECTED',
  'Requests from this origin are not allowed',
) {}
/** 404: no such URL, or not with this method. */
export class NotFound extends define(404, 'NOT_FOUND', 'There is nothing at this address') {}
/** 404: ended, or somebody else's. */
export class SessionNotFound extends define(404, 'SESSION_NOT_FOUND', 'There is no such session') {}
/** 404, told to admins. */
export class UserNotFound extends define(404, 'USER_NOT_FOUND', 'There is no such account') {}
/** 409: the email is taken. */
export class UserExists extends define(
  409,
  'USER_EXISTS',
  'An account with this email exists already',
) {}
/** 409: somebody has to be left who can make admins. */
export class LastAdmin extends define(
  409,
  'LAST_ADMIN',
  'The last active admin stays one: make somebody else an admin first',
) {}
/** 413: past `BODY_LIMIT`. */
export class PayloadTooLarge extends define(413, 'PAYLOAD_TOO_LARGE', 'The body is too large') {}
/** 415: the body is no JSON by its type. */
export class UnsupportedMediaType extends define(
  415,
  'UNSUPPORTED_MEDIA_TYPE',
  'Send the body as application/json',
) {}
/** 423: so many wrong passwords that none is checked for a while; `lockDurationMinutes` says how long. */
export class AccountLocked extends define(
  423,
  'ACCOUNT_LOCKED',
  'Too many failed sign-ins, try again later or reset the password',
) {}
/** 429: past `AUTH_RATE_LIMIT_MAX`. */
export class AuthRateLimitExceeded extends define(
  429,
  'AUTH_RATE_LIMIT_EXCEEDED',
  'Too many failed sign-ins or registrations from your address, try again later',
) {}
/** 429: past `PASSWORD_RESET_RATE_LIMIT_MAX`. */
export class PasswordResetLimitExceeded extends define(
  429,
  'PASSWORD_RESET_LIMIT_EXCEEDED',
  'Too many mails were asked for, try again later',
) {}
/** 429: past `RATE_LIMIT_MAX_REQUESTS` or `RATE_LIMIT_USER_MAX`. */
export class RateLimitExceeded extends define(
  429,
  'RATE_LIMIT_EXCEEDED',
  'Too many requests, try again later',
) {}
/** 429: blocked for a minute by an anomaly rule. */
export class SuspiciousActivityBlocked extends define(
  429,
  'SUSPICIOUS_ACTIVITY_BLOCKED',
  'This looks automated, try again in a minute',
  { retryAfter: 60 },
) {}

/** 500: a fault of ours; its cause is in the log under the request id. */
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
/** 503: past one of the `PRESSURE_*` bounds. */
export class UnderPressure extends define(
  503,
  'UNDER_PRESSURE',
  'The server is under pressure, try again shortly',
  { retryAfter: 2 },
) {}
