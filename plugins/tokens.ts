import jwt, { type FastifyJWTOptions, type JWT } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { type AccessTokens, createAccessTokens } from '../src/tokens/access-token.js'
import type { JwtKey, TokenType } from '../src/tokens/jwt.js'
import { accessKeys, type Key, publicKeySet, refreshKeys } from '../src/tokens/keys.js'
import { createRefreshTokens, type RefreshTokens } from '../src/tokens/refresh-token.js'

declare module 'fastify' {
  interface FastifyInstance {
    tokens: {
      access: AccessTokens
      refresh: RefreshTokens
      /** The keys that others verify access tokens with. */
      publicKeys: ReturnType<typeof publicKeySet>
    }
  }
}

/** Offers the two kinds of tokens. Each key is a @fastify/jwt of its own, bound to one algorithm. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const settings = {
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
      clockTolerance: config.JWT_CLOCK_TOLERANCE / 1000,
    }

    const bind = async (scope: FastifyInstance, type: TokenType, key: Key): Promise<JwtKey> => {
      const namespace = `${type} ${key.kid}`
      await scope.register(jwt, {
        namespace,
        decoratorName: 'jwtClaims',
        jwtDecode: `${namespace} decode`,
        jwtVerify: `${namespace} verify`,
        jwtSign: `${namespace} sign`,
        secret: 'secret' in key ? key.secret : { public: key.publicKey, private: key.privateKey },
        sign: { algorithm: key.algorithm, kid: key.kid, header: { typ: type } },
        verify: {
          algorithms: [key.algorithm],
          allowedIss: settings.issuer,
          allowedAud: settings.audience,
          checkTyp: type,
          clockTolerance: config.JWT_CLOCK_TOLERANCE,
          // Told apart from 'invalid' by our own check, after all the others.
          ignoreExpiration: true,
          cache: false,
        },
      } as FastifyJWTOptions)
      // With namespaces the decorator is a record of them, which its types leave out.
      const { sign, verify } = (scope.jwt as unknown as Record<string, JWT>)[namespace] as JWT
      return { kid: key.kid, algorithm: key.algorithm, sign, verify: (token) => verify(token) }
    }

    const bindAll = async (
      scope: FastifyInstance,
      type: TokenType,
      [first, ...others]: [Key, ...Key[]],
    ) => {
      const bound: [JwtKey, ...JwtKey[]] = [await bind(scope, type, first)]
      for (const key of others) bound.push(await bind(scope, type, key))
      return bound
    }

    // A scope of their own keeps @fastify/jwt's decorators away from everybody else's.
    await app.register(async (scope) => {
      const access = await bindAll(scope, 'at+jwt', accessKeys(config))
      const refresh = await bindAll(scope, 'rt+jwt', refreshKeys(config))
      app.decorate('tokens', {
        access: createAccessTokens(access, { ...settings, lifetime: config.JWT_EXPIRES_IN }),
        refresh: createRefreshTokens(refresh, settings),
        publicKeys: publicKeySet(accessKeys(config)),
      })
    })
  },
  { name: 'tokens' },
)
