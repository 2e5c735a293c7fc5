import { randomBytes } from 'node:crypto'

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

const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

/** Bytes of a canonical base64 text, undefined for any other: argon2 throws at unused bits that are set. */
const lengthOf = (base64: string | undefined): number | undefined => {
  if (base64 === undefined) return undefined
  const bytes = Buffer.from(base64, 'base64')
  return encode(bytes) === base64 ? bytes.length : undefined
}

const count = '([1-9]\\d{0,9})'
// Salts of 8 to 64 bytes, hashes of 16 to 64: with fewer, wrong passwords begin to match by chance.
const pattern = new RegExp(
  `^\\$argon2id\\$v=19\\$m=${count},t=${count},p=${count}\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})$`,
)

/**
 * Reads a PHC string of argon2id, version 19, as this package writes them; undefined for anything else, other
 * variants and optional parts included. Everything is checked that argon2's verify would throw at.
 */
export const parseArgon2String = (stored: string): StoredHash | undefined => {
  const [, memory, time, lanes, salt, hash] = pattern.exec(stored) ?? []
  const memoryKib = Number(memory)
  const timeCost = Number(time)
  const parallelism = Number(lanes)
  const saltLength = lengthOf(salt)
  const hashLength = lengthOf(hash)
  if (saltLength === undefined || hashLength === undefined) return undefined
  // RFC 9106, 3.1: at least 8 KiB for each lane.
  if (memoryKib < 8 * parallelism) return undefined
  return { text: stored, memoryKib, timeCost, parallelism, saltLength, hashLength }
}

/** A string that no password matches and that costs as much to verify as a real one: its bytes are random. */
export const decoyArgon2String = ({ memoryKib, timeCost, parallelism }: Argon2Cost): string => {
  const salt = encode(randomBytes(SALT_LENGTH))
  const hash = encode(randomBytes(HASH_LENGTH))
  return `$argon2id$v=19$m=${memoryKib},t=${timeCost},p=${parallelism}$${salt}$${hash}`
}
