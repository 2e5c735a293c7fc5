import { createHmac, createPublicKey, createSecretKey, timingSafeEqual, verify } from 'node:crypto'
import type { HmacAlgorithm, Key, SignatureAlgorithm } from './keys.js'

/** A key that verifies, by its one algorithm. */
export interface VerifyingKey {
  kid: string
  algorithm: Key['algorithm']
  /** Whether this signature, in base64url, was made over this text with the key. Never throws. */
  verifies: (text: string, signature: string) => boolean
}

/** Binds a key to its one algorithm: node:crypto does the rest, with the key read once. */
export const verifyingKey = (key: Key): VerifyingKey => ({
  kid: key.kid,
  algorithm: key.algorithm,
  verifies:
    'secret' in key
      ? hmacCheck(key.algorithm, key.secret)
      : signatureCheck(key.algorithm, key.publicKey),
})

/** RFC 7518, 3.2. */
const hmacCheck = (algorithm: HmacAlgorithm, secret: string): VerifyingKey['verifies'] => {
  const hash = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }[algorithm]
  const key = createSecretKey(secret, 'utf8')
  return (text, signature) => {
    const right = createHmac(hash, key).update(text).digest()
    const given = Buffer.from(signature, 'base64url')
    return given.length === right.length && timingSafeEqual(given, right)
  }
}

/** RFC 7518, 3.3 and 3.4; RFC 8037, 3.1. */
const signatureCheck = (algorithm: SignatureAlgorithm, pem: string): VerifyingKey['verifies'] => {
  const hash = { EdDSA: null, ES256: 'sha256', RS256: 'sha256' }[algorithm]
  const key = createPublicKey(pem)
  // Of the three only ES256 has two forms of a signature, of which JOSE's is the one that is not DER.
  const form = algorithm === 'ES256' ? ({ key, dsaEncoding: 'ieee-p1363' } as const) : key
  return (text, signature) => {
    try {
      return verify(hash, Buffer.from(text), form, Buffer.from(signature, 'base64url'))
    } catch {
      // What can't even be read is no signature.
      return false
    }
  }
}
