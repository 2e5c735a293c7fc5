import { DAY, HOUR } from './duration.js'
import type { Config } from './schema.js'

/** OWASP's Password Storage Cheat Sheet: what argon2id should cost at least. */
const argon2Work = 19_456 * 2
/** RFC 7518, 3.2: a key has at least as many bytes as the hash. */
const keyBytes = new Map<string, number>([
  ['HS384', 48],
  ['HS512', 64],
])

/** Guesses at these tokens meet no limit. */
const tokenLength = 16

const isShort = (token: string | undefined): boolean =>
  token !== undefined && token.length < tokenLength

const isLocal = (host: string): boolean => /^(localhost|127\.|\[?::1\]?$)/.test(host)

/** Whether Redis is reached over a network without TLS. */
const isOpenRedis = (text: string): boolean =>
  text
    .split(/,\s*(?=rediss?:\/\/)/)
    .some(
      (url) => url.startsWith('redis://') && URL.canParse(url) && !isLocal(new URL(url).hostname),
    )

interface Weakness {
  /** Whether it is there; `isServing` outside of development and tests. */
  isWeak: (config: Config, isServing: boolean) => boolean
  advice: string
}

const weaknesses: Weakness[] = [
  {
    isWeak: ({ JWT_ALGORITHM, JWT_SECRET }) =>
      Buffer.byteLength(JWT_SECRET) < (keyBytes.get(JWT_ALGORITHM) ?? 0),
    advice:
      'JWT_SECRET is shorter than the hash of JWT_ALGORITHM: 48 bytes for HS384, 64 for HS512',
  },
  {
    isWeak: ({ JWT_EXPIRES_IN }) => JWT_EXPIRES_IN > HOUR,
    advice:
      'JWT_EXPIRES_IN is over an hour: services that verify tokens by themselves accept a stolen one for as long',
  },
  {
    isWeak: ({ SESSION_MAX_AGE }) => SESSION_MAX_AGE > 90 * DAY,
    advice: 'SESSION_MAX_AGE is over 90 days: nobody has to sign in again for as long',
  },
  {
    isWeak: (config, isServing) =>
      isServing && config.ARGON2_MEMORY_KIB * config.ARGON2_TIME_COST < argon2Work,
    advice:
      'ARGON2_MEMORY_KIB and ARGON2_TIME_COST make hashes cheaper to guess than 19456 and 2 do',
  },
  {
    isWeak: ({ COOKIE_SECURE }, isServing) => isServing && !COOKIE_SECURE,
    advice: 'COOKIE_SECURE is false: tokens travel in the clear wherever the page does',
  },
  {
    isWeak: ({ CLIENT_URLS }, isServing) =>
      isServing && CLIENT_URLS.some((origin) => origin.startsWith('http:')),
    advice:
      'CLIENT_URLS has an origin without https: whoever is on its network can act in its name',
  },
  {
    isWeak: ({ PUBLIC_URL }, isServing) => isServing && PUBLIC_URL.startsWith('http:'),
    advice: 'PUBLIC_URL is without https: the links in mails bear one-time tokens',
  },
  {
    isWeak: ({ SMTP_URL }, isServing) => isServing && SMTP_URL === undefined,
    advice: 'SMTP_URL is unset: mails are files, and whoever forgot a password gets no link',
  },
  {
    isWeak: ({ REDIS_URL = '' }) => isOpenRedis(REDIS_URL),
    advice: 'REDIS_URL is without TLS to another machine: use rediss://, or a network of your own',
  },
  {
    isWeak: ({ ANOMALY_MODE }, isServing) => isServing && ANOMALY_MODE !== 'enforce',
    advice: 'ANOMALY_MODE is not enforce: what looks automated is not refused',
  },
  {
    isWeak: ({ AUTH_RATE_LIMIT_MAX }, isServing) => isServing && AUTH_RATE_LIMIT_MAX > 100,
    advice: 'AUTH_RATE_LIMIT_MAX is over 100: one address may guess as often in each window',
  },
  {
    isWeak: ({ ACCOUNT_FAILURE_MAX }, isServing) => isServing && ACCOUNT_FAILURE_MAX > 1_000,
    advice: 'ACCOUNT_FAILURE_MAX is over 1000: so many guesses a day are free on each account',
  },
  {
    isWeak: ({ MONITORING_TOKEN }) => isShort(MONITORING_TOKEN),
    advice: `MONITORING_TOKEN has fewer than ${tokenLength} characters, and guesses at it meet no limit`,
  },
  {
    isWeak: ({ INTROSPECTION_TOKEN }) => isShort(INTROSPECTION_TOKEN),
    advice: `INTROSPECTION_TOKEN has fewer than ${tokenLength} characters, and guesses at it meet no limit`,
  },
  {
    isWeak: ({ LOG_LEVEL }, isServing) => isServing && ['trace', 'debug'].includes(LOG_LEVEL),
    advice: 'LOG_LEVEL is debug or trace: far more is written than is read',
  },
  {
    isWeak: ({ ADMIN_PASSWORD }, isServing) => isServing && ADMIN_PASSWORD !== undefined,
    advice:
      'ADMIN_PASSWORD is set: change it after the first sign-in, and unset it with ADMIN_EMAIL',
  },
]

/** What a configuration that is right could do better, a line each. */
export const weaknessesOf = (config: Config): string[] => {
  const isServing = config.NODE_ENV === 'staging' || config.NODE_ENV === 'production'
  return weaknesses.flatMap(({ isWeak, advice }) => (isWeak(config, isServing) ? [advice] : []))
}
