import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import type { JwtKey, JwtSettings, TokenType } from '../src/tokens/jwt.js'
import type { Key } from '../src/tokens/keys.js'

/**
 * Binds a key to its one algorithm by a @fastify/jwt of its own. That lives in an app which serves nothing:
 * in somebody else's its decorators may be taken, and a key may turn up long after all plugins are loaded.
 */
export const bindKey = async (
  type: TokenType,
  key: Key,
  settings: JwtSettings,
): Promise<JwtKey> => {
  const app = Fastify()
  await app.register(jwt, {
    secret: 'secret' in key ? key.secret : { public: key.publicKey, private: key.privateKey ?? '' },
    sign: { algorithm: key.algorithm, kid: key.kid, header: { alg: key.algorithm, typ: type } },
    verify: {
      algorithms: [key.algorithm],
      allowedIss: settings.issuer,
      allowedAud: settings.audience,
      checkTyp: type,
      clockTolerance: settings.clockTolerance * 1000,
      // Told apart from 'invalid' by our own check, after all the others.
      ignoreExpiration: true,
      cache: false,
    },
  })
  const { sign, verify } = app.jwt
  return { kid: key.kid, algorithm: key.algorithm, sign, verify: (token) => verify(token) }
}

/** The same for a ring of keys, of which the first signs. */
export const bindKeys = async (
  type: TokenType,
  [first, ...others]: readonly [Key, ...Key[]],
  settings: JwtSettings,
): Promise<[JwtKey, ...JwtKey[]]> => {
  const bind = (key: Key) => bindKey(type, key, settings)
  return [await bind(first), ...(await Promise.all(others.map(bind)))]
}
