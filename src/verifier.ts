/** What `import … from 'gatehouse/verifier'` offers: the guards of a Gatehouse, for another service. */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { lendGuards, requireNames } from '../plugins/guards.js'
import { accessTokensOf } from '../plugins/request-tokens.js'
import { logChannel, logStore } from '../plugins/store-log.js'
import type { Role } from './accounts/account.js'
import { openRedis } from './redis/index.js'
import { createIdentify, firstGood, type IdentifyOne } from './sessions/identify.js'
import { createValidationCache } from './sessions/validation-cache.js'
import { createFetchKeys } from './verifier/fetch-keys.js'
import { createFetchedRing, createFixedRing, type KeyRing } from './verifier/key-ring.js'
import { checkOptions, type VerifierOptions, type VerifierSettings } from './verifier/options.js'

// An installed package is known by what its declarations name: with this come the guards' own.
export type { RequestUser } from '../plugins/guards.js'
export type { Role } from './accounts/account.js'
export { ConfigError } from './config/config-error.js'
export type { VerifierOptions } from './verifier/options.js'

/** Who a request comes from, as far as a service has to know. */
export interface VerifiedUser {
  userId: string
  /** As the store has it now or, without Redis, as it was when the token was issued. */
  role: Role
  sessionId: string
  /** When the access token expires, in milliseconds since 1970. */
  expiresAt: number
}

declare module '../plugins/guards.js' {
  interface UserTypes {
    verified: VerifiedUser
  }
}

const openRing = async (
  app: FastifyInstance,
  { source, jwt }: VerifierSettings,
): Promise<KeyRing> => {
  if ('keys' in source) return createFixedRing(source.keys, jwt)
  const { url, algorithm, maxAge } = source
  return createFetchedRing(createFetchKeys(url, algorithm), { ...jwt, maxAge }, (err) =>
    app.log.warn({ err }, 'keys not fetched, those of before are kept'),
  )
}

/** Whom a token stands for by its own word, which is right until it expires. */
const bySignature =
  (ring: KeyRing): IdentifyOne<VerifiedUser> =>
  async (token) => {
    const verdict = ring.verify(token)
    if ('refused' in verdict) return verdict.refused
    const { sub: userId, role, sid: sessionId, exp } = verdict.claims
    return { userId, role, sessionId, expiresAt: exp * 1000 }
  }

/** Whom it stands for by the store's: what is revoked there is refused here, within milliseconds. */
const bySession = (
  app: FastifyInstance,
  ring: KeyRing,
  redis: NonNullable<VerifierSettings['redis']>,
  cacheSize: VerifierSettings['cache'],
): IdentifyOne<VerifiedUser> => {
  const { sessions, invalidations, close } = openRedis(
    { ...redis, observer: true },
    logStore(app.log),
  )
  app.addHook('onClose', close)
  invalidations.listen(logChannel(app.log))
  const cache = createValidationCache(invalidations, cacheSize)
  const { identifyOne } = createIdentify({ sessions, accessTokens: ring, cache })
  return async (token) => {
    const identity = await identifyOne(token)
    if (typeof identity === 'string') return identity
    const { userId, role, session } = identity
    return { userId, role, sessionId: session.sessionId, expiresAt: session.accessExpiresAt }
  }
}

/**
 * Guards the routes of a service with the access tokens of a Gatehouse that runs elsewhere. Throws
 * `ConfigError`, and an `Error` where the guards' names are taken.
 */
export const verifier: FastifyPluginAsync<VerifierOptions> = fp(
  async (app: FastifyInstance, options: VerifierOptions) => {
    requireNames(app)
    const settings = checkOptions(options)
    const { redis, cookieName, cache } = settings
    const ring = await openRing(app, settings)
    app.addHook('onClose', async () => ring.close())
    const one = redis === undefined ? bySignature(ring) : bySession(app, ring, redis, cache)
    // A key that is taken out of the ring counts at once, for tokens that are remembered too.
    const identify = firstGood(async (token) =>
      (await ring.knows(token)) ? one(token) : 'invalid',
    )
    lendGuards(app, {
      identify: ({ headers }) => identify(accessTokensOf(headers, cookieName)),
    })
  },
  { name: 'gatehouse-verifier', fastify: '5.x' },
)
