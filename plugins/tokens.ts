import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { type AccessTokens, createAccessTokens } from '../src/tokens/access-token.js'
import { accessKeys, publicKeySet, refreshKeys } from '../src/tokens/keys.js'
import { createRefreshTokens, type RefreshTokens } from '../src/tokens/refresh-token.js'
import { signingKeys } from './jwt-key.js'

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

/** Offers the two kinds of tokens. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const settings = {
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
      clockTolerance: config.JWT_CLOCK_TOLERANCE / 1000,
    }
    const access = await signingKeys('at+jwt', accessKeys(config))
    const refresh = await signingKeys('rt+jwt', refreshKeys(config))
    app.decorate('tokens', {
      access: createAccessTokens(access, { ...settings, lifetime: config.JWT_EXPIRES_IN }),
      refresh: createRefreshTokens(refresh, settings),
      publicKeys: publicKeySet(accessKeys(config)),
    })
  },
  { name: 'tokens' },
)
