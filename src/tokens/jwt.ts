import { type Static, type TObject, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { VerifyingKey } from './signature.js'

/** A key that signs too; a JWS library fulfils it (see `plugins/jwt-key.ts`). */
export interface SigningKey extends VerifyingKey {
  /** The compact JWS of these claims, with a header of `alg`, `typ` and `kid`. */
  sign: (claims: object) => string
}

/** The keys of one kind of token: the first signs, all of them verify. */
export type SigningKeys = readonly [SigningKey, ...VerifyingKey[]]

/** The kinds of tokens, told apart by `typ` (RFC 8725, 3.11) besides their secrets. */
export type TokenType = 'at+jwt' | 'rt+jwt'

/** What every token says, and is held to. */
export interface JwtSettings {
  issuer: string
  audience: string
  /** Seconds that instances' clocks may differ by. */
  clockTolerance: number
}

/** A token's verdict: its claims, or why it is refused. */
export type Verdict<Claims> = { claims: Claims } | { refused: 'expired' | 'invalid' }

const invalid = { refused: 'invalid' } as const

/** As many spellings of a header as are remembered; whoever makes more of them up waits for the parser. */
const spellingsMax = 16

const NumericDate = Type.Integer({ minimum: 0 })
const Id = Type.String({ minLength: 1, maxLength: 64 })

/** What every token bears (RFC 9068, 2.2). */
export const commonClaims = {
  iss: Type.String(),
  aud: Type.String(),
  sub: Id,
  sid: Id,
  jti: Type.String({ minLength: 1, maxLength: 128 }),
  iat: NumericDate,
  nbf: Type.Optional(NumericDate),
  exp: NumericDate,
}

type CommonClaims = Static<TObject<typeof commonClaims>>

/**
 * Checks one kind of token: everything but whether the session lives. The key is chosen by `kid`, and the
 * algorithm by the key, never by the token's word: a header that is not exactly `{ alg, typ, kid }` of a
 * known key is refused before any cryptography, and with it `none`, `jwk`, `jku`, `x5u`, `crit` and whatever
 * else is invented. Expired is told only of what is genuine.
 */
export const createJwtCheck = <Schema extends TObject>(
  type: TokenType,
  schema: Schema,
  keys: readonly VerifyingKey[],
  { issuer, audience, clockTolerance }: JwtSettings,
) => {
  const byKid = new Map(keys.map((key) => [key.kid, key]))
  /** Headers as they were spelled, with the key that each names: those that we write are always the same. */
  const byHeader = new Map<string, VerifyingKey>()
  const keyOf = (spelling: string): VerifyingKey | undefined => {
    const known = byHeader.get(spelling)
    if (known !== undefined) return known
    const header = isCanonical(spelling) ? readHeader(spelling) : undefined
    const key = byKid.get(header?.kid ?? '')
    if (key === undefined || header?.alg !== key.algorithm || header.typ !== type) return undefined
    if (byHeader.size < spellingsMax) byHeader.set(spelling, key)
    return key
  }
  const claimsCheck = TypeCompiler.Compile(schema)

  return (token: string): Verdict<Static<Schema>> => {
    const [header = '', payload = '', signature = '', ...more] = token.split('.', 4)
    const key = more.length > 0 ? undefined : keyOf(header)
    if (key === undefined || !isCanonical(payload) || !isCanonical(signature)) return invalid
    if (!key.verifies(`${header}.${payload}`, signature)) return invalid
    const claims = readJson(payload)
    if (!claimsCheck.Check(claims)) return invalid
    const { iss, aud, iat, nbf = iat, exp } = claims as CommonClaims // every schema has them
    if (iss !== issuer || aud !== audience) return invalid
    const now = Date.now() / 1000
    if (Math.max(iat, nbf) > now + clockTolerance) return invalid
    if (exp <= now - clockTolerance) return { refused: 'expired' }
    return { claims }
  }
}

/** Signs one kind of token, and checks it. */
export const createJwt = <Schema extends TObject>(
  type: TokenType,
  schema: Schema,
  keys: SigningKeys,
  settings: JwtSettings,
) => ({
  /** Signs with the first key. `iss` and `aud` are filled in. */
  sign: (claims: Omit<Static<Schema>, 'iss' | 'aud'>): string =>
    keys[0].sign({ iss: settings.issuer, aud: settings.audience, ...claims }),
  verify: createJwtCheck(type, schema, keys, settings),
})

/**
 * Whether a part of a token is spelt as it was made. Base64 has several spellings of the same bytes (bits of
 * the last character that do not count), so that a signature alone fits several tokens.
 */
const isCanonical = (part: string): boolean =>
  Buffer.from(part, 'base64url').toString('base64url') === part

/** What a part of a token says, if that is JSON. */
const readJson = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** The members of a header with exactly `alg`, `typ` and `kid`, all strings; undefined for any other. */
const readHeader = (part: string): Record<'alg' | 'typ' | 'kid', string> | undefined => {
  const header = readJson(part)
  return isHeader.Check(header) ? header : undefined
}

/** The key that a token names, if its header is one of ours. */
export const keyIdOf = (token: string): string | undefined =>
  readHeader(token.slice(0, token.indexOf('.')))?.kid

const isHeader = TypeCompiler.Compile(
  Type.Object(
    { alg: Type.String(), typ: Type.String(), kid: Type.String() },
    { additionalProperties: false },
  ),
)
