import * as argon2 from '@node-rs/argon2'
import { argon2Work, FOREIGN_COST_MAX, parseArgon2String } from './argon2-string.js'
import { readBcryptString } from './bcrypt-string.js'
import { normalizePassword } from './policy.js'
import type { HashCheck, ReadHash } from './read-hash.js'
import { readScryptString } from './scrypt-string.js'

/**
 * In front of what was taken over from elsewhere. Without it an argon2id string of another system would look
 * like our own, to which the pepper and the Unicode form belong.
 */
const mark = '$imported'

const readArgon2 = (text: string): ReadHash => {
  const parsed = parseArgon2String(text, ['argon2id', 'argon2i', 'argon2d'])
  if (parsed === undefined) return { problem: 'is not an argon2 string of version 19' }
  const isAffordable =
    parsed.memoryKib <= FOREIGN_COST_MAX.memoryKib &&
    parsed.timeCost <= FOREIGN_COST_MAX.timeCost &&
    parsed.parallelism <= FOREIGN_COST_MAX.parallelism &&
    argon2Work(parsed) <= FOREIGN_COST_MAX.work
  if (!isAffordable) {
    return {
      problem:
        'costs more than a sign-in may: 256 MiB, 64 passes, 16 lanes, and 1 GiB of memory times passes',
    }
  }
  return { check: (password) => argon2.verify(text, password) }
}

/** Reads a hash of another system: argon2, bcrypt or scrypt, within bounds of what checking it may cost. */
export const readForeignHash = (text: string): ReadHash => {
  if (text.startsWith('$argon2')) return readArgon2(text)
  if (text.startsWith('$2')) return readBcryptString(text)
  if (text.startsWith('$scrypt$')) return readScryptString(text)
  return { problem: 'is neither argon2 nor bcrypt nor scrypt' }
}

/** The form in which a foreign hash is stored. */
export const markImported = (text: string): string => mark + text

/** A stored hash as it came, and whether it came from elsewhere. */
export const unmarked = (stored: string): { text: string; isImported: boolean } =>
  stored.startsWith(`${mark}$`)
    ? { text: stored.slice(mark.length), isImported: true }
    : { text: stored, isImported: false }

/** The check of a stored hash that was imported; undefined for any other, and for one past the bounds. */
export const readStoredImport = (stored: string): HashCheck | undefined => {
  const { text, isImported } = unmarked(stored)
  const read = isImported ? readForeignHash(text) : undefined
  if (read === undefined || 'problem' in read) return undefined
  // Most systems hash what was typed; some, as we do, its normal form.
  return async (password) =>
    (await read.check(password)) ||
    (normalizePassword(password) !== password && read.check(normalizePassword(password)))
}
