import { secretWeakness } from '../config/secret-strength.js'
import { keyAlgorithm, keyForms, readPublicKey } from '../config/signing-keys.js'
import {
  type HmacAlgorithm,
  type Key,
  pairKey,
  type SignatureAlgorithm,
  secretKey,
} from '../tokens/keys.js'

/** Where the keys of a Gatehouse come from: one of `jwksUrl`, `publicKeys` and `secret`. */
export interface KeyOptions {
  /** Where its keys are fetched, such as `https://auth.example.com/.well-known/jwks.json`. */
  jwksUrl?: string
  /** Takes a `jwksUrl` with http:// on another host than this one. Whoever is between can then sign in as anybody. */
  insecureJwks?: boolean
  /** How often they are fetched again; 5 minutes by default. A key has to be there so long before it signs. */
  jwksMaxAge?: number
  /** Its public keys, each a PEM; the next and the retired ones too. */
  publicKeys?: string[]
  /** Its `JWT_SECRET`. Whoever has it can make tokens too. */
  secret?: string
  /** Its `JWT_SECRET_PREVIOUS`. */
  previousSecrets?: string[]
  /** Its `JWT_ALGORITHM`: HS256 with a secret by default; any other key is for one algorithm anyway. */
  algorithm?: HmacAlgorithm | SignatureAlgorithm
}

/** Keys that are there, or an address that they are fetched from. */
export type KeySource =
  | { keys: Key[] }
  | { url: string; algorithm: SignatureAlgorithm | undefined; maxAge: number }

const isHmac = (algorithm: string): algorithm is HmacAlgorithm => algorithm.startsWith('HS')

/** An address whose answer nobody on the way can change. */
const isSafe = (url: string): boolean => {
  const { protocol, hostname } = new URL(url)
  const isHere = /^(localhost|\[::1\]|127(\.\d+){3})$/.test(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isHere)
}

/** The public keys; what is wrong with them is added to the problems. */
const pemKeys = (
  pems: readonly string[],
  wanted: SignatureAlgorithm | undefined,
  problems: string[],
): Key[] =>
  pems.flatMap((pem, index) => {
    const key = readPublicKey(pem)
    const algorithm = key && keyAlgorithm(key)
    if (algorithm !== undefined && algorithm === (wanted ?? algorithm)) return [pairKey(pem)]
    const what = wanted ? `${keyForms[wanted]} for ${wanted}` : 'a public key'
    problems.push(`publicKeys (entry ${index + 1}) must be ${what}, in PEM form`)
    return []
  })

/** The source that the options name; what is wrong with them is added to the problems. */
export const keySource = (options: KeyOptions, maxAge: number, problems: string[]): KeySource => {
  const { jwksUrl, publicKeys, secret, algorithm } = options
  const given = [jwksUrl, publicKeys?.length, secret].filter(Boolean)
  if (given.length !== 1) problems.push('Give one of jwksUrl, publicKeys and secret')

  if (algorithm === undefined ? secret !== undefined : isHmac(algorithm)) {
    const secrets = secret === undefined ? [] : [secret, ...(options.previousSecrets ?? [])]
    if (secrets.length === 0) problems.push(`algorithm ${algorithm} needs a secret`)
    problems.push(
      ...secrets.flatMap((one) => secretWeakness(one) ?? []).map((why) => `secret ${why}`),
    )
    const hmac = algorithm !== undefined && isHmac(algorithm) ? algorithm : 'HS256'
    return { keys: secrets.map((one) => secretKey(hmac, one)) }
  }

  if (secret !== undefined) problems.push(`algorithm ${algorithm} needs public keys, not a secret`)
  const wanted = algorithm === undefined || isHmac(algorithm) ? undefined : algorithm
  if (jwksUrl === undefined) return { keys: pemKeys(publicKeys ?? [], wanted, problems) }
  const isUrl = URL.canParse(jwksUrl) && /^https?:/.test(jwksUrl)
  if (!isUrl || !(options.insecureJwks || isSafe(jwksUrl))) {
    problems.push('jwksUrl must be an https:// address, or one of this machine (see insecureJwks)')
  }
  return { url: jwksUrl, algorithm: wanted, maxAge }
}
