import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { keyAlgorithm, readPublicJwk } from '../config/signing-keys.js'
import { type Key, publicKey, type SignatureAlgorithm } from '../tokens/keys.js'

/** A JWKS that takes longer (milliseconds) or is larger (bytes, keys) is none. */
const fetchMax = 3_000
const bytesMax = 65_536
const keysMax = 32

const Jwks = Type.Object({
  keys: Type.Array(
    Type.Object(
      {
        kty: Type.String(),
        use: Type.Optional(Type.String()),
        key_ops: Type.Optional(Type.Array(Type.String())),
        alg: Type.Optional(Type.String()),
      },
      { additionalProperties: true },
    ),
    { maxItems: keysMax },
  ),
})
const isJwks = TypeCompiler.Compile(Jwks)

/** The whole body as text; throws past `bytesMax`, whatever length was announced. */
const readBody = async ({ body }: Response): Promise<string> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > bytesMax) throw new Error('The JWKS is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

type Jwk = Static<typeof Jwks>['keys'][number]

/** Whether a key is meant for what we do with it (RFC 7517, 4.2 to 4.4), as far as it says. */
const isForVerifying = ({ use, key_ops, alg }: Jwk, algorithm: SignatureAlgorithm): boolean =>
  (use ?? 'sig') === 'sig' &&
  (key_ops ?? ['verify']).includes('verify') &&
  (alg ?? algorithm) === algorithm

/** The keys in it that we can use. Their ids are worked out anew, so that none stands for another key. */
const usable = ({ keys }: Static<typeof Jwks>, wanted?: SignatureAlgorithm): Key[] =>
  keys.flatMap((jwk) => {
    const key = readPublicJwk(jwk)
    const algorithm = key && keyAlgorithm(key)
    if (key === undefined || algorithm === undefined) return []
    const isWanted = algorithm === (wanted ?? algorithm) && isForVerifying(jwk, algorithm)
    return isWanted ? [publicKey(key)] : []
  })

/**
 * Fetches the keys of a JWK Set (RFC 7517, 5). Throws when it does not answer in time, with a redirect or
 * something else than a set, or without a key that we can use.
 */
export const createFetchKeys =
  (url: string, algorithm?: SignatureAlgorithm) => async (): Promise<Key[]> => {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(fetchMax),
    })
    if (response.status !== 200) throw new Error(`The JWKS answered ${response.status}`)
    const set: unknown = JSON.parse(await readBody(response))
    if (!isJwks.Check(set)) throw new Error('This is no JWKS')
    const keys = usable(set, algorithm)
    if (keys.length === 0) throw new Error('The JWKS holds no key that can be used')
    return keys
  }
