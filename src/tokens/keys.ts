import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { keyAlgorithm, type KeyAlgorithm as SignatureAlgorithm } from '../config/signing-keys.js'

export type HmacAlgorithm = 'HS256' | 'HS384' | 'HS512'
export type { SignatureAlgorithm }

/** A key that tokens are verified with; the one that signs has a private half or is a secret. */
export type Key = { kid: string } & (
  | { algorithm: HmacAlgorithm; secret: string }
  | { algorithm: SignatureAlgorithm; publicKey: string; privateKey?: string }
)

/** The members that RFC 7638 (3.2) and RFC 8037 (2) hash, in the order of the alphabet. */
const thumbprintMembers: Record<string, string[]> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
  oct: ['k', 'kty'],
}

/** A key's id is its thumbprint (RFC 7638): the same on every instance, with nothing to configure. */
const thumbprint = (jwk: JsonWebKey): string => {
  const members = thumbprintMembers[jwk.kty ?? ''] ?? []
  const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])))
  return createHash('sha256').update(canonical).digest('base64url')
}

/** A secret as the key of one HMAC; nothing of it is published. */
export const secretKey = (algorithm: HmacAlgorithm, secret: string): Key => ({
  kid: thumbprint({ kty: 'oct', k: Buffer.from(secret).toString('base64url') }),
  algorithm,
  secret,
})

/** A key that verifies, and no more; throws on one of a kind that none of our algorithms has. */
export const publicKey = (key: KeyObject): Key => {
  const algorithm = keyAlgorithm(key)
  if (algorithm === undefined) {
    throw new TypeError(`Keys of type ${key.asymmetricKeyType} are not supported`)
  }
  return {
    kid: thumbprint(key.export({ format: 'jwk' })),
    algorithm,
    publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** A key pair from a PEM of the private or, for a key that only verifies, the public half. */
export const pairKey = (pem: string): Key => ({
  ...publicKey(createPublicKey(pem)),
  ...(pem.includes('PRIVATE KEY') && { privateKey: pem }),
})

/** A public key as others read it (RFC 7517, 4). */
export type PublicJwk = JsonWebKey & { kty: string; kid: string }

/** The public halves as a JWK Set (RFC 7517, 5); secrets have none, so theirs is empty. */
export const publicKeySet = (keys: readonly Key[]): { keys: PublicJwk[] } => ({
  keys: keys.flatMap((key) => {
    if ('secret' in key) return []
    const jwk = createPublicKey(key.publicKey).export({ format: 'jwk' })
    return [{ ...jwk, kty: jwk.kty ?? '', kid: key.kid, alg: key.algorithm, use: 'sig' }]
  }),
})

/** The settings that keys come from; see the configuration's variables of the same names. */
export interface KeySettings {
  JWT_ALGORITHM: HmacAlgorithm | SignatureAlgorithm
  JWT_SECRET: string
  JWT_SECRET_PREVIOUS?: string[]
  JWT_REFRESH_SECRET: string
  JWT_REFRESH_SECRET_PREVIOUS?: string[]
  JWT_PRIVATE_KEY?: string
  JWT_PUBLIC_KEYS_PREVIOUS?: string[]
}

const isHmac = (algorithm: KeySettings['JWT_ALGORITHM']): algorithm is HmacAlgorithm =>
  algorithm.startsWith('HS')

/** A ring in which each key is once: while keys are changed, the one that signs may be among the others too. */
const ring = (first: Key, others: Key[]): [Key, ...Key[]] => {
  const byKid = new Map([first, ...others].map((key) => [key.kid, key]))
  byKid.delete(first.kid)
  return [first, ...byKid.values()]
}

/** The keys of access tokens; the first signs, the others are accepted, be they retired or the next. */
export const accessKeys = (settings: KeySettings): [Key, ...Key[]] => {
  const { JWT_ALGORITHM: algorithm } = settings
  if (isHmac(algorithm)) {
    const previous = (settings.JWT_SECRET_PREVIOUS ?? []).map((secret) =>
      secretKey(algorithm, secret),
    )
    return ring(secretKey(algorithm, settings.JWT_SECRET), previous)
  }
  if (settings.JWT_PRIVATE_KEY === undefined) throw new TypeError('JWT_PRIVATE_KEY is missing')
  const previous = (settings.JWT_PUBLIC_KEYS_PREVIOUS ?? []).map(pairKey)
  return ring(pairKey(settings.JWT_PRIVATE_KEY), previous)
}

/**
 * The keys of refresh tokens: always HMAC, whose signatures are deterministic. Signing the claims of the
 * present token again gives the same bytes, which is why none needs to be stored.
 */
export const refreshKeys = (settings: KeySettings): [Key, ...Key[]] => {
  const algorithm = isHmac(settings.JWT_ALGORITHM) ? settings.JWT_ALGORITHM : 'HS256'
  const previous = (settings.JWT_REFRESH_SECRET_PREVIOUS ?? []).map((secret) =>
    secretKey(algorithm, secret),
  )
  return ring(secretKey(algorithm, settings.JWT_REFRESH_SECRET), previous)
}
