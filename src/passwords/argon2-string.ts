import { randomBytes } from 'node:crypto'
import { decodeBase64, encodeBase64 } from './phc-base64.js'

/** What an argon2 hash costs. */
export interface Argon2Cost {
  memoryKib: number
  /** Passes over the memory. */
  timeCost: number
  /** Lanes. */
  parallelism: number
}

/** A stored hash that argon2 will take without an error. */
export interface StoredHash extends Argon2Cost {
  text: string
  /** Bytes. */
  saltLength: number
  /** Bytes. */
  hashLength: number
}

/** What our own hashes have (RFC 9106, 3.1 recommends the same), in bytes. */
export const SALT_LENGTH = 16
export const HASH_LENGTH = 32

const count = '([1-9]\\d{0,9})'
// Salts of 8 to 64 bytes, hashes of 16 to 64: with fewer, wrong passwords begin to match by chance.
const pattern = new RegExp(
  `^\\$(argon2(?:id|i|d))\\$v=19\\$m=${count},t=${count},p=${count}\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})$`,
)

/** The variants of argon2; our own hashes are argon2id (RFC 9106, 4). */
export type Argon2Variant = 'argon2id' | 'argon2i' | 'argon2d'

/**
 * Reads a PHC string of argon2, version 19, as this package writes them; undefined for anything else, optional
 * parts and variants that are not asked for included. Everything is checked that argon2's verify would throw at.
 */
export const parseArgon2String = (
  stored: string,
  variants: readonly Argon2Variant[] = ['argon2id'],
): StoredHash | undefined => {
  const [, variant, memory, time, lanes, salt, hash] = pattern.exec(stored) ?? []
  if (!variants.some((wanted) => wanted === variant)) return undefined
  const memoryKib = Number(memory)
  const timeCost = Number(time)
  const parallelism = Number(lanes)
  const saltLength = decodeBase64(salt)?.length
  const hashLength = decodeBase64(hash)?.length
  if (saltLength === undefined || hashLength === undefined) return undefined
  // RFC 9106, 3.1: at least 8 KiB for each lane.
  if (memoryKib < 8 * parallelism) return undefined
  return { text: stored, memoryKib, timeCost, parallelism, saltLength, hashLength }
}

/**
 * verify obeys the cost that it finds in the stored string, so one planted string could cost 4 GiB and 14 s.
 * Up to here a foreign cost is obeyed: what libsodium, PHP, node-argon2 and RFC 9106's second choice make by
 * default passes, and the worst case is 256 MiB and about a second.
 */
export const FOREIGN_COST_MAX = {
  memoryKib: 256 * 1024,
  timeCost: 64,
  parallelism: 16,
  /** Memory times passes: what the time goes by. */
  work: 1024 * 1024,
}

/** What the time of a hash goes by. */
export const argon2Work = ({ memoryKib, timeCost }: Argon2Cost): number => memoryKib * timeCost

/** A string that no password matches and that costs as much to verify as a real one: its bytes are random. */
export const decoyArgon2String = ({ memoryKib, timeCost, parallelism }: Argon2Cost): string => {
  const salt = encodeBase64(randomBytes(SALT_LENGTH))
  const hash = encodeBase64(randomBytes(HASH_LENGTH))
  return `$argon2id$v=19$m=${memoryKib},t=${timeCost},p=${parallelism}$${salt}$${hash}`
}
