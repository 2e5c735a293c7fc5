import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { createIdentify } from '../src/sessions/identify.js'
import { createIntrospect } from '../src/sessions/introspect.js'
import { createIssue } from '../src/sessions/issue.js'
import { createLastKnown, knowNothing } from '../src/sessions/last-known.js'
import { createOwnSessions } from '../src/sessions/own-sessions.js'
import { createRefresh } from '../src/sessions/refresh.js'
import { createSignIn } from '../src/sessions/sign-in.js'
import { createSignOut } from '../src/sessions/sign-out.js'
import { createValidationCache, type ValidationCache } from '../src/sessions/validation-cache.js'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: {
      signIn: ReturnType<typeof createSignIn>
      refresh: ReturnType<typeof createRefresh>
      signOut: ReturnType<typeof createSignOut>
      identify: ReturnType<typeof createIdentify>['identify']
      recall: ReturnType<typeof createIdentify>['recall']
      identifyOrRecall: ReturnType<typeof createIdentify>['identifyOrRecall']
      introspect: ReturnType<typeof createIntrospect>
      own: ReturnType<typeof createOwnSessions>
      cache: ValidationCache
    }
  }
}

/** Whether nobody is let in before their email is verified. */
export const requiresVerifiedEmail = (config: Config): boolean =>
  config.REQUIRE_EMAIL_VERIFICATION || config.REGISTRATION === 'verified'

/** As many people as are known in an outage where the cache is turned off. */
const lastKnownMax = 10_000

/** Offers what can be done with sessions. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { accounts, sessions } = app.stores
    const { access: accessTokens, refresh: refreshTokens } = app.tokens
    const { emit } = app.events
    const issue = createIssue(accessTokens, refreshTokens)
    const lifetimes = {
      idle: config.JWT_REFRESH_EXPIRES_IN,
      absolute: config.SESSION_MAX_AGE,
      grace: config.REFRESH_GRACE,
    }

    const cache = createValidationCache(app.stores.invalidations, {
      max: config.VALIDATION_CACHE_MAX,
      ttl: config.VALIDATION_CACHE_TTL,
    })

    const lastKnown =
      config.STORE_OUTAGE_MODE === 'stateless'
        ? createLastKnown(app.stores.invalidations, config.VALIDATION_CACHE_MAX || lastKnownMax)
        : knowNothing
    const identification = createIdentify({ sessions, accessTokens, cache, lastKnown })
    const { identify, identifyOne, recall, identifyOrRecall } = identification

    app.decorate('sessions', {
      signIn: createSignIn({
        accounts,
        sessions,
        hasher: app.hasher,
        guard: app.passwordGuard,
        issue,
        emit,
        lifetimes,
        sessionsPerUser: config.SESSIONS_PER_USER,
        requireVerifiedEmail: requiresVerifiedEmail(config),
        watchDevices: app.mail.notices.includes('new-device'),
      }),
      refresh: createRefresh({ sessions, refreshTokens, issue, emit, lifetimes }),
      signOut: createSignOut({ sessions, accessTokens, refreshTokens, emit }),
      identify,
      recall,
      identifyOrRecall,
      introspect: createIntrospect({ accessTokens, identifyOne }),
      own: createOwnSessions({ sessions, emit }),
      cache,
    })
  },
  {
    name: 'sessions',
    dependencies: ['stores', 'events', 'mail', 'passwords', 'lockout', 'tokens'],
  },
)
