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
    passwordVersion: account.passwordVersion,
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
    passwordHash: `${fields.salt}${fields.digest}`,
    passwordVersion: Number(fields.passwordVersion),
    createdAt: Number(fields.created),
    lastLoginAt: Number(fields.lastLogin),
  }
}

/** Cuts a PHC string behind its last '$': parameters and salt, then the digest. */
export const splitHash = (hash: string): [string, string] => {
  const cut = hash.lastIndexOf('$') + 1
  return [hash.slice(0, cut), hash.slice(cut)]
}

/** A script answers a hash as a flat list of fields and values. */
export const readPairs = (list: string[]): Record<string, string | undefined> => {
  const fields: Record<string, string | undefined> = {}
  for (let i = 0; i < list.length; i += 2) fields[list[i] ?? ''] = list[i + 1]
  return fields
}
