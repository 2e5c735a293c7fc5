import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

export type HmacAlgorithm = 'HS256' | 'HS384' | 'HS512'
export type SignatureAlgorithm = 'EdDSA' | 'ES256' | 'RS256'

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

export const secretKey = (algorithm: HmacAlgorithm, secret: string): Key => ({
  kid: thumbprint({ kty: 'oct', k: Buffer.from(secret).toString('base64url') }),
  algorithm,
  secret,
})

/** Which algorithm a public key is for; throws on a key of another kind. */
const algorithmOf = (key: KeyObject): SignatureAlgorithm => {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return 'EdDSA'
    case 'ec':
      return 'ES256'
    case 'rsa':
      return 'RS256'
    default:
      throw new TypeError(`Keys of type ${key.asymmetricKeyType} are not supported`)
  }
}

/** A key pair from a PEM of the private or, for a key that only verifies, the public half. */
export const pairKey = (pem: string): Key => {
  const publicKey = createPublicKey(pem)
  return {
    kid: thumbprint(publicKey.export({ format: 'jwk' })),
    algorithm: algorithmOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ...(pem.includes('PRIVATE KEY') && { privateKey: pem }),
  }
}

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

/** The keys of access tokens; the first signs, the others are still accepted. */
export const accessKeys = (settings: KeySettings): [Key, ...Key[]] => {
  const { JWT_ALGORITHM: algorithm } = settings
  if (isHmac(algorithm)) {
    const previous = (settings.JWT_SECRET_PREVIOUS ?? []).map((secret) =>
      secretKey(algorithm, secret),
    )
    return [secretKey(algorithm, settings.JWT_SECRET), ...previous]
  }
  if (settings.JWT_PRIVATE_KEY === undefined) throw new TypeError('JWT_PRIVATE_KEY is missing')
  return [
    pairKey(settings.JWT_PRIVATE_KEY),
    ...(settings.JWT_PUBLIC_KEYS_PREVIOUS ?? []).map(pairKey),
  ]
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
  return [secretKey(algorithm, settings.JWT_REFRESH_SECRET), ...previous]
}
