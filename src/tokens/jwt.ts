import { type Static, type TObject, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'

/** What one key can do; a JWS library fulfils it (see `plugins/tokens.ts`). */
export interface JwtKey {
  kid: string
  algorithm: string
  /** The compact JWS of these claims. */
  sign: (claims: object) => string
  /** The claims, if the signature, `iss`, `aud`, `typ` and `nbf` are right; throws otherwise. */
  verify: (token: string) => unknown
}

/** The kinds of tokens, told apart by `typ` (RFC 8725, 3.11) besides their secrets. */
export type TokenType = 'at+jwt' | 'rt+jwt'

export interface JwtSettings {
  issuer: string
  audience: string
  /** Seconds that instances' clocks may differ by. */
  clockTolerance: number
}

/** A token's verdict: its claims, or why it is refused. */
export type Verdict<Claims> = { claims: Claims } | { refused: 'expired' | 'invalid' }

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
  exp: NumericDate,
}

/**
 * Signs and verifies one kind of token. The key is chosen by `kid`, and the algorithm by the key, never by
 * the token's word: a header that is not exactly `{ alg, typ, kid }` of a known key is refused before any
 * cryptography, and with it `none`, `jwk`, `jku`, `x5u`, `crit` and whatever else is invented.
 */
export const createJwt = <Schema extends TObject>(
  type: TokenType,
  schema: Schema,
  keys: readonly [JwtKey, ...JwtKey[]],
  settings: JwtSettings,
) => {
  const byKid = new Map(keys.map((key) => [key.kid, key]))
  /** Headers as they were spelled, with the key that each names: those that we write are always the same. */
  const byHeader = new Map<string, JwtKey>()
  const hasClaims = TypeCompiler.Compile(schema)
  const keyOf = (token: string): JwtKey | undefined => {
    if (!isCanonical(token)) return undefined
    const spelling = token.slice(0, token.indexOf('.'))
    const known = byHeader.get(spelling)
    if (known !== undefined) return known
    const header = readHeader(token)
    const key = byKid.get(header?.kid ?? '')
    if (key === undefined || header?.alg !== key.algorithm || header.typ !== type) return undefined
    if (byHeader.size < spellingsMax) byHeader.set(spelling, key)
    return key
  }

  return {
    /** Signs with the first key. `iss` and `aud` are filled in. */
    sign: (claims: Omit<Static<Schema>, 'iss' | 'aud'>): string =>
      keys[0].sign({ iss: settings.issuer, aud: settings.audience, ...claims }),

    /** Checks everything but whether the session lives. Expired is told only of what is genuine. */
    verify: (token: string): Verdict<Static<Schema>> => {
      const key = keyOf(token)
      if (key === undefined) return { refused: 'invalid' }
      let claims: unknown
      try {
        claims = key.verify(token)
      } catch {
        return { refused: 'invalid' }
      }
      if (!hasClaims.Check(claims)) return { refused: 'invalid' }
      const now = Date.now() / 1000
      const { iat, exp } = claims as { iat: number; exp: number } // every schema has the common claims
      if (iat > now + settings.clockTolerance) return { refused: 'invalid' }
      if (exp <= now - settings.clockTolerance) return { refused: 'expired' }
      return { claims }
    },
  }
}

/**
 * Whether a token is spelt as it was made. Base64 has several spellings of the same bytes (bits of the last
 * character that do not count), so that a signature alone fits several tokens.
 */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)

/** The members of a header with exactly `alg`, `typ` and `kid`, all strings; undefined for any other. */
const readHeader = (token: string): Record<'alg' | 'typ' | 'kid', string> | undefined => {
  try {
    const segment = token.slice(0, token.indexOf('.'))
    const header: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString())
    return isHeader.Check(header) ? header : undefined
  } catch {
    return undefined
  }
}

/** The key that a token names, if its header is one of ours. */
export const keyIdOf = (token: string): string | undefined => readHeader(token)?.kid

const isHeader = TypeCompiler.Compile(
  Type.Object(
    { alg: Type.String(), typ: Type.String(), kid: Type.String() },
    { additionalProperties: false },
  ),
)
