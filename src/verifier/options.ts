import { ConfigError } from '../config/config-error.js'
import { redisEndpoints } from '../config/redis-url.js'
import type { JwtSettings } from '../tokens/jwt.js'
import { type KeyOptions, type KeySource, keySource } from './key-source.js'

/** How a service verifies the tokens of a Gatehouse. Times are milliseconds. */
export interface VerifierOptions extends KeyOptions {
  /** Its `JWT_ISSUER`; `gatehouse` by default. */
  issuer?: string
  /** Its `JWT_AUDIENCE`; `gatehouse-client` by default. */
  audience?: string
  /** How far clocks may be apart; 10 seconds by default, at most a minute. */
  clockTolerance?: number
  /** Its `REDIS_URL`: sessions that have ended are then refused at once, and roles are the present ones. */
  redisUrl?: string
  /** Its `REDIS_KEY_PREFIX`; `gh:` by default. */
  keyPrefix?: string
  /** Takes the access token from a cookie of this name too; unless given, from the header alone. */
  cookieName?: string
  /** With Redis: how many tokens are remembered; 10,000 by default, 0 for none. */
  cacheMax?: number
  /** With Redis: for how long at most each is; 5 minutes by default. */
  cacheTtl?: number
}

/** The options as they are used. */
export interface VerifierSettings {
  jwt: JwtSettings
  source: KeySource
  redis: { url: string; keyPrefix: string } | undefined
  cookieName: string | undefined
  cache: { max: number; ttl: number }
}

const minute = 60_000
const hour = 60 * minute

/** Checks the options; throws a `ConfigError` with everything that is wrong with them. */
export const checkOptions = (options: VerifierOptions): VerifierSettings => {
  const problems: string[] = []
  const whole = (name: keyof VerifierOptions, value: number, from: number, to: number): number => {
    if (Number.isInteger(value) && value >= from && value <= to) return value
    problems.push(`${name} must be a whole number from ${from} to ${to}`)
    return from
  }

  const { issuer = 'gatehouse', audience = 'gatehouse-client', keyPrefix = 'gh:' } = options
  const { redisUrl, cookieName, clockTolerance = 10_000, jwksMaxAge = 5 * minute } = options
  const { cacheMax = 10_000, cacheTtl = 5 * minute } = options
  if (redisUrl !== undefined && redisEndpoints(redisUrl) === undefined) {
    problems.push('redisUrl must have one of the forms of REDIS_URL')
  }
  const settings: VerifierSettings = {
    jwt: {
      issuer,
      audience,
      clockTolerance: whole('clockTolerance', clockTolerance, 0, minute) / 1000,
    },
    source: keySource(options, whole('jwksMaxAge', jwksMaxAge, 100, hour), problems),
    redis: redisUrl === undefined ? undefined : { url: redisUrl, keyPrefix },
    cookieName,
    cache: {
      max: whole('cacheMax', cacheMax, 0, 1_000_000),
      ttl: whole('cacheTtl', cacheTtl, 100, hour),
    },
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return settings
}
