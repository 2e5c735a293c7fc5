import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import type { SigningKey, SigningKeys, TokenType } from '../src/tokens/jwt.js'
import type { Key } from '../src/tokens/keys.js'
import { verifyingKey } from '../src/tokens/signature.js'

/**
 * Binds a key that signs to its one algorithm by a @fastify/jwt of its own. That lives in an app which serves
 * nothing: in somebody else's its decorators may be taken.
 */
export const signingKey = async (type: TokenType, key: Key): Promise<SigningKey> => {
  const app = Fastify()
  await app.register(jwt, {
    secret: 'secret' in key ? key.secret : { public: key.publicKey, private: key.privateKey ?? '' },
    sign: { algorithm: key.algorithm, kid: key.kid, header: { alg: key.algorithm, typ: type } },
    verify: { algorithms: [key.algorithm] },
  })
  return { ...verifyingKey(key), sign: app.jwt.sign }
}

/** The same for a ring of keys, of which the first signs. */
export const signingKeys = async (
  type: TokenType,
  [first, ...others]: readonly [Key, ...Key[]],
): Promise<SigningKeys> => [await signingKey(type, first), ...others.map(verifyingKey)]
