import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** The largest multiple of 62 in a byte: bytes past it are thrown away, so that no letter is likelier. */
const unbiased = 248

/** `length` random letters and digits from the system's generator: 5.95 bits each, safe in keys and URLs. */
const random = (length: number): string => {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length + 8)) {
      if (byte < unbiased && text.length < length) text += alphabet[byte % 62]
    }
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
