import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** The largest multiple of 62 in a byte: bytes past it are thrown away, so that no letter is likelier. */
const unbiased = 248

/** Bytes of the system's generator, for some hundred ids at once: asking for them costs more than they do. */
const bytes = Buffer.alloc(4_096)
let used = bytes.length

const nextByte = (): number => {
  if (used === bytes.length) {
    randomFillSync(bytes)
    used = 0
  }
  used += 1
  return bytes.readUInt8(used - 1)
}

/** `length` random letters and digits from the system's generator: 5.95 bits each, safe in keys and URLs. */
const random = (length: number): string => {
  let text = ''
  while (text.length < length) {
    const byte = nextByte()
    if (byte < unbiased) text += alphabet[byte % alphabet.length]
  }
  return text
}

/** A new unguessable id of 131 bits: accounts and access tokens bear one. */
export const randomId = (): string => random(22)

/**
 * A new id that sorts by its birth: 9 base-36 digits of milliseconds, then 77 random bits. Sessions bear
 * one, so that the oldest of an account is the first by name.
 */
export const sortableId = (now = Date.now()): string =>
  now.toString(36).padStart(9, '0').slice(-9) + random(13)
