import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox'
import { type Role, roles } from '../src/accounts/account.js'
import {
  CsrfRejected,
  type ErrorEntry,
  InsufficientPermissions,
  InternalError,
  InvalidToken,
  NoToken,
  PayloadTooLarge,
  RateLimitExceeded,
  StoreUnavailable,
  SuspiciousActivityBlocked,
  TokenExpired,
  UnderPressure,
  UnsupportedMediaType,
  ValidationFailed,
} from '../src/errors.js'
import { type EventType, eventTypes } from '../src/events/security-event.js'

/** A body: unknown members are refused, not dropped. */
export const Body = <Members extends Record<string, TSchema>>(members: Members) =>
  Type.Object(members, { additionalProperties: false })

/** A body that may be left out: Fastify then validates `null`. */
export const OptionalBody = <Members extends Record<string, TSchema>>(members: Members) =>
  Type.Unsafe<Static<TObject<Members>> | null>({ ...Body(members), type: ['object', 'null'] })

/** The body of a route that needs none. */
export const NoBody = OptionalBody({})

/** Text as it arrives; the rules of the accounts room say what of it is acceptable. */
export const Text = (description: string, maxLength = 1_024) =>
  Type.String({ minLength: 1, maxLength, description })

/** A time as it leaves the server. */
export const Time = (description: string) => Type.String({ format: 'date-time', description })

/** An account as its owner and admins see it. As a response schema it is also what keeps the hash in. */
export const User = Type.Object(
  {
    userId: Type.String(),
    email: Type.String({ format: 'email' }),
    name: Type.String(),
    role: Type.Unsafe<Role>({ type: 'string', enum: [...roles] }),
    emailVerified: Type.Boolean(),
    createdAt: Time('When the account was made'),
    lastLoginAt: Type.Unsafe<string | null>({
      ...Time('The last sign-in'),
      type: ['string', 'null'],
    }),
  },
  { title: 'User' },
)

/** An account as admins see it: never more of it than that. */
export const AdminUser = Type.Object(
  { ...User.properties, isActive: Type.Boolean({ description: 'Whether it may sign in' }) },
  { title: 'AdminUser' },
)

/** A signed-in device as its owner sees it. */
export const OwnSession = Type.Object({
  sessionId: Type.String(),
  current: Type.Boolean({ description: 'The one that asks' }),
  createdAt: Time('When it was signed in'),
  lastSeenAt: Time('The last refresh'),
  ip: Type.String(),
  userAgent: Type.String(),
})

/** A security event. */
export const Event = Type.Object(
  {
    type: Type.Unsafe<EventType>({ type: 'string', enum: eventTypes }),
    time: Time('When it happened'),
    requestId: Type.String(),
    userId: Type.Optional(Type.String({ description: 'Whom it is about' })),
    sessionId: Type.Optional(Type.String()),
    actorId: Type.Optional(Type.String({ description: 'The admin who did it' })),
    ip: Type.String(),
    userAgent: Type.String(),
    reason: Type.Optional(Type.String()),
  },
  { title: 'Event' },
)

/** Where the next page of a list begins, if there is one. */
export const NextCursor = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: 'Send it as `cursor` for the next page; null on the last',
})

/** A query: unknown parameters are refused, since a misspelled filter would show everything. */
export const Query = <Members extends Record<string, TSchema>>(members: Members) =>
  Type.Object(members, { additionalProperties: false })

/** What pages through a list. */
export const paging = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'At most so many' }),
  cursor: Type.Optional(Type.String({ maxLength: 128, description: 'A `nextCursor`' })),
}

/** How long the access token lives, and the tokens themselves where the client asked for them in the body. */
export const Tokens = {
  expiresIn: Type.Integer({ description: 'Life of the access token in seconds' }),
  accessToken: Type.Optional(Type.String({ description: 'Only with X-Token-Delivery: body' })),
  refreshToken: Type.Optional(Type.String({ description: 'Only with X-Token-Delivery: body' })),
}

/** Asks for the tokens in the body; the default is cookies. */
export const DeliveryHeader = Type.Object({
  'x-token-delivery': Type.Optional(
    Type.String({ description: '"body" hands the tokens out in the answer instead of in cookies' }),
  ),
})

/** The envelope of a success. */
export const Success = <Data extends TSchema>(data: Data, description = 'Done') =>
  Type.Object({ success: Type.Literal(true), message: Type.String(), data }, { description })

/** An answer in that envelope. */
export const success = <Data>(message: string, data: Data) => ({
  success: true as const,
  message,
  data,
})

const FieldErrors = Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))

/** The envelope of a failure; `extras` of the catalogue's entries pass. */
const Failure = (codes: string[]): TObject =>
  Type.Object(
    {
      success: Type.Literal(false),
      code: Type.String({ enum: codes }),
      message: Type.String(),
      requestId: Type.String(),
      ...(codes.includes(ValidationFailed.code) && { errors: Type.Optional(FieldErrors) }),
    },
    { description: codes.join(', '), additionalProperties: true },
  )

/** OpenAPI's word for a route of the private scope. */
export const signedIn = { security: [{ cookie: [] }, { bearer: [] }] }
/** What the guard of the private scope may answer. */
export const guardErrors = [NoToken, TokenExpired, InvalidToken]

/** What the guard of the admin scope may answer. */
export const adminErrors = [...guardErrors, InsufficientPermissions]

/** What any route may answer. */
const general = [
  RateLimitExceeded,
  SuspiciousActivityBlocked,
  InternalError,
  StoreUnavailable,
  UnderPressure,
]
/** What any route that changes something may answer besides. */
const unsafe = [ValidationFailed, CsrfRejected, PayloadTooLarge, UnsupportedMediaType]

const failures = (entries: ErrorEntry[]): Record<number, TObject> => {
  const codes = new Map<number, Set<string>>()
  for (const { status, code } of entries) {
    codes.set(status, (codes.get(status) ?? new Set()).add(code))
  }
  return Object.fromEntries([...codes].map(([status, of]) => [status, Failure([...of])]))
}

/** The failures of a route that only reads: its own, and those that any may have. */
export const readFailures = (...own: ErrorEntry[]) => failures([...own, ...general])
/** The failures of a route that changes something. */
export const writeFailures = (...own: ErrorEntry[]) => failures([...own, ...unsafe, ...general])

export type User = Static<typeof User>
export type AdminUser = Static<typeof AdminUser>
export type OwnSession = Static<typeof OwnSession>
export type Event = Static<typeof Event>
