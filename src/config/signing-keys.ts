import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isWeakRsa } from './weak-rsa.js'

/** What a key must be to serve an algorithm. RS256: RFC 7518, 3.3 wants 2048 bits or more. */
export const keyForms = {
  EdDSA: 'an Ed25519 key',
  ES256: 'a P-256 key',
  RS256: 'an RSA key of at least 2048 bits',
} as const

export type KeyAlgorithm = keyof typeof keyForms

/** The signature algorithm a key serves; undefined where it is none that this server signs with. */
export function keyAlgorithm(key: KeyObject): KeyAlgorithm | undefined {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256'
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && !isWeakRsa(key)) return 'RS256'
  return undefined
}

const attempt = (read: () => KeyObject): KeyObject | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** A private key from its PEM; undefined where it is none, or needs a passphrase. */
export const readPrivateKey = (pem: string): KeyObject | undefined =>
  attempt(() => createPrivateKey(pem))

/** A public key from its PEM. A private one is refused: it should not be lying about in a list. */
export const readPublicKey = (pem: string): KeyObject | undefined =>
  /^-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem) ? attempt(() => createPublicKey(pem)) : undefined

/** A public key from a JWK (RFC 7517); undefined where it is none. Of a private one only the public half. */
export const readPublicJwk = (jwk: JsonWebKey): KeyObject | undefined =>
  attempt(() => createPublicKey({ key: jwk, format: 'jwk' }))
