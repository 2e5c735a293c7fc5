import type { Account, Role } from '../accounts/account.js'

/**
 * The account as a Redis hash. The password hash is kept in two halves, because a hash with any value over
 * 64 bytes costs Redis twice the memory (`hash-max-listpack-value`).
 */
export const writeAccount = (account: Account): Record<string, string | number> => {
  const [salt, digest] = splitHash(account.passwordHash)
  return {
    email: account.email,
    name: account.name,
    role: account.role,
    verified: account.emailVerified ? 1 : 0,
    active: account.isActive ? 1 : 0,
    salt,
    digest,
    version: account.passwordVersion,
    created: account.createdAt,
    lastLogin: account.lastLoginAt,
    standing: firstStanding,
  }
}

/** Counts how often an account has become an active admin, or ceased to be one; see `admins.ts`. */
export const firstStanding = 1

/** Reads the hash back; undefined for a key that does not exist, and for a draft, which may yet lapse. */
export const readAccount = (
  userId: string,
  fields: Record<string, string | undefined>,
): Account | undefined => {
  if (fields.email === undefined || fields.draft !== undefined) return undefined
  return {
    userId,
    email: fields.email,
    name: fields.name ?? '',
    // Only this module writes the field, from an Account.
    role: fields.role as Role,
    emailVerified: fields.verified === '1',
    isActive: fields.active === '1',
    passwordHash: joinHash(fields),
    passwordVersion: Number(fields.version),
    createdAt: Number(fields.created),
    lastLoginAt: Number(fields.lastLogin),
  }
}

/** Reads what the scripts of sessions answer of an account: the values of these fields, in this order. */
export const readValues = (userId: string, values: (string | null)[]): Account | undefined => {
  const [active, version, lastLogin, email, name, role, verified, salt, digest, created] =
    values.map((value) => value ?? undefined)
  return readAccount(userId, {
    active,
    version,
    lastLogin,
    email,
    name,
    role,
    verified,
    salt,
    digest,
    created,
  })
}

/** What nearly every hash begins with: the parameters that the configuration has unless told otherwise. */
const usual = '$argon2id$v=19$m=19456,t=2,p=1$'

/** Cuts a PHC string behind its last '$': parameters, where they are not the usual ones, and salt; digest. */
export const splitHash = (hash: string): [string, string] => {
  const cut = hash.lastIndexOf('$') + 1
  const salt = hash.slice(0, cut)
  return [salt.startsWith(usual) ? `~${salt.slice(usual.length)}` : salt, hash.slice(cut)]
}

const joinHash = ({ salt = '', digest = '' }: Record<string, string | undefined>): string =>
  `${salt.startsWith('~') ? usual + salt.slice(1) : salt}${digest}`

/** A script answers a hash as a flat list of fields and values. */
export const readPairs = (list: string[]): Record<string, string | undefined> => {
  const fields: Record<string, string | undefined> = {}
  for (let i = 0; i < list.length; i += 2) fields[list[i] ?? ''] = list[i + 1]
  return fields
}
