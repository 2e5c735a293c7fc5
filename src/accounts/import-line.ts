import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FieldError } from '../errors.js'
import { randomId } from '../ids.js'
import { parseArgon2String } from '../passwords/argon2-string.js'
import { markImported, readForeignHash, unmarked } from '../passwords/imported-hash.js'
import { type Account, roles } from './account.js'
import { createFieldCheck, emailRule, nameRule, type Ruled } from './rules.js'

const Time = Type.Union([Type.String({ maxLength: 64 }), Type.Integer({ minimum: 0 }), Type.Null()])

/** One line of an import file, and of what an export writes. */
const ImportLine = Type.Object(
  {
    email: Type.String({ maxLength: 1024 }),
    name: Type.String({ maxLength: 1024 }),
    /** Absent: nobody can sign in until the password was reset. */
    passwordHash: Type.Optional(Type.String({ maxLength: 512 })),
    /** The hash was made by a Gatehouse with the same `PASSWORD_PEPPER`. */
    peppered: Type.Optional(Type.Boolean()),
    role: Type.Optional(Type.Union(roles.map((role) => Type.Literal(role)))),
    emailVerified: Type.Optional(Type.Boolean()),
    isActive: Type.Optional(Type.Boolean()),
    /** ISO 8601, or milliseconds since 1970. */
    createdAt: Type.Optional(Time),
    lastLoginAt: Type.Optional(Time),
    /** The id that other systems know the account by. */
    userId: Type.Optional(Type.String({ maxLength: 1024 })),
  },
  { additionalProperties: false },
)
export type ImportLine = Static<typeof ImportLine>

/** An account as a line says it, or why it can't be one. */
export type ReadLine = { account: Account } | { errors: FieldError[] }

const refuse = (field: string, message: string): ReadLine => ({ errors: [{ field, message }] })

/** What TypeBox finds wrong, one error a field. */
const typeErrors = (value: unknown): FieldError[] => {
  const found = new Map<string, string>()
  for (const { path, message } of Value.Errors(ImportLine, value)) {
    const field = path.slice(1) || 'line'
    if (!found.has(field)) found.set(field, message)
  }
  return [...found].map(([field, message]) => ({ field, message }))
}

/** Ids stand in keys, channels and URLs. */
const idRule = (userId: string): Ruled =>
  /^[A-Za-z0-9_-]{1,64}$/.test(userId)
    ? { value: userId }
    : { problem: 'Use 1 to 64 letters, digits, - and _' }

/** With a date alone, or without a zone, a time would mean another moment on another machine. */
const isoForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/

/** Milliseconds since 1970; undefined for what is no time, or one to come. */
const readTime = (time: string | number, now: number): number | undefined => {
  if (typeof time === 'string' && !isoForm.test(time)) return undefined
  const milliseconds = typeof time === 'number' ? time : Date.parse(time)
  return milliseconds >= 0 && milliseconds <= now ? milliseconds : undefined
}

/** The hash as it is stored, or what is wrong with it. */
const hashRule = ({ passwordHash, peppered = false }: ImportLine, hasPepper: boolean): Ruled => {
  if (passwordHash === undefined) return { value: '' }
  if (peppered && !hasPepper) {
    return { problem: 'needs the PASSWORD_PEPPER that it was made with' }
  }
  if (peppered) {
    const isOwn = parseArgon2String(passwordHash) !== undefined
    return isOwn ? { value: passwordHash } : { problem: 'is not an argon2id string of our own' }
  }
  const read = readForeignHash(passwordHash)
  return 'problem' in read ? read : { value: markImported(passwordHash) }
}

/** Reads one line of an import file; every field that is wrong is named, and no value is ever quoted. */
export const readImportLine = (text: string, hasPepper: boolean, now = Date.now()): ReadLine => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('line', 'is not JSON')
  }
  if (!Value.Check(ImportLine, value)) return { errors: typeErrors(value) }

  const check = createFieldCheck()
  const time = (field: 'createdAt' | 'lastLoginAt', otherwise: number): number => {
    const given = value[field]
    const read = given === undefined || given === null ? otherwise : readTime(given, now)
    if (read === undefined) check.note(field, ['is no time that has been'])
    return read ?? 0
  }
  const account: Account = {
    userId: check.take('userId', idRule(value.userId ?? randomId())),
    email: check.take('email', emailRule(value.email)),
    name: check.take('name', nameRule(value.name)),
    role: value.role ?? 'user',
    emailVerified: value.emailVerified ?? false,
    isActive: value.isActive ?? true,
    passwordHash: check.take('passwordHash', hashRule(value, hasPepper)),
    passwordVersion: 1,
    createdAt: time('createdAt', now),
    lastLoginAt: time('lastLoginAt', 0),
  }
  return check.errors.length > 0 ? { errors: check.errors } : { account }
}

/** An account as a line that `readImportLine` makes the same account of. */
export const exportLine = (
  account: Account,
  { withHash, hasPepper }: { withHash: boolean; hasPepper: boolean },
): ImportLine => {
  const { text, isImported } = unmarked(account.passwordHash)
  const isPeppered = hasPepper && !isImported
  const hash = { passwordHash: text, ...(isPeppered && { peppered: true }) }
  return {
    userId: account.userId,
    email: account.email,
    name: account.name,
    role: account.role,
    emailVerified: account.emailVerified,
    isActive: account.isActive,
    createdAt: new Date(account.createdAt).toISOString(),
    lastLoginAt: account.lastLoginAt === 0 ? null : new Date(account.lastLoginAt).toISOString(),
    ...(withHash && text !== '' && hash),
  }
}
