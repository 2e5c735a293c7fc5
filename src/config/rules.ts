import { isIP } from 'node:net'
import { emailRule } from '../accounts/rules.js'
import { loadCommonPasswords } from '../passwords/common.js'
import { passwordProblems } from '../passwords/policy.js'
import type { Config } from './schema.js'
import { secretWeakness } from './secret-strength.js'
import { keyAlgorithm, keyForms, readPrivateKey, readPublicKey } from './signing-keys.js'

/**
 * A rule between variables, or one that a schema can't say. It sees the values that could be read, and
 * which variables were set at all; it answers with the problems.
 */
export type Rule = (config: Partial<Config>, given: ReadonlyMap<string, unknown>) => string[]

/** The problem, where the rule is broken. */
export const refuseIf = (broken: boolean, problem: string): string[] => (broken ? [problem] : [])

const workers: Rule = ({ CLUSTER_WORKERS = 1 }, given) =>
  refuseIf(
    CLUSTER_WORKERS > 1 && !given.has('REDIS_URL'),
    'CLUSTER_WORKERS must be 1 without REDIS_URL: the embedded store serves one process',
  )

const secretStrength: Rule = (config) => {
  const one = (['JWT_SECRET', 'JWT_REFRESH_SECRET'] as const).map((name) => {
    const secret = config[name]
    return { name, weakness: secret && secretWeakness(secret) }
  })
  // A retired secret is still believed, so it is still worth guessing.
  const retired = (['JWT_SECRET_PREVIOUS', 'JWT_REFRESH_SECRET_PREVIOUS'] as const).flatMap(
    (name) =>
      (config[name] ?? []).map((secret, index) => ({
        name: `${name} (entry ${index + 1})`,
        weakness: secretWeakness(secret),
      })),
  )
  return [...one, ...retired].flatMap(({ name, weakness }) =>
    weakness ? [`${name} ${weakness}`] : [],
  )
}

/** With a secret in common, what verifies one kind of token could forge the other. */
const secretsApart: Rule = (config) => {
  const access = [config.JWT_SECRET ?? [], config.JWT_SECRET_PREVIOUS ?? []].flat()
  const refresh = [config.JWT_REFRESH_SECRET ?? [], config.JWT_REFRESH_SECRET_PREVIOUS ?? []].flat()
  return refuseIf(
    access.some((secret) => refresh.includes(secret)),
    'JWT_REFRESH_SECRET and JWT_SECRET must differ, their previous values included',
  )
}

/** They are given away: to other services, and to what watches. */
const tokensApart: Rule = (config) => {
  const secrets = [
    config.JWT_SECRET ?? [],
    config.JWT_SECRET_PREVIOUS ?? [],
    config.JWT_REFRESH_SECRET ?? [],
    config.JWT_REFRESH_SECRET_PREVIOUS ?? [],
  ].flat()
  return (['MONITORING_TOKEN', 'INTROSPECTION_TOKEN'] as const).flatMap((name) =>
    refuseIf(
      secrets.includes(config[name] ?? ''),
      `${name} must not be a signing secret: whoever is given it could sign in as anybody`,
    ),
  )
}

const signingKeys: Rule = ({ JWT_ALGORITHM, JWT_PRIVATE_KEY, JWT_PUBLIC_KEYS_PREVIOUS }, given) => {
  if (JWT_ALGORITHM !== 'EdDSA' && JWT_ALGORITHM !== 'ES256' && JWT_ALGORITHM !== 'RS256') return []
  const wanted = `${keyForms[JWT_ALGORITHM]} for JWT_ALGORITHM=${JWT_ALGORITHM}`
  const key = JWT_PRIVATE_KEY && readPrivateKey(JWT_PRIVATE_KEY)
  const fits = key && keyAlgorithm(key) === JWT_ALGORITHM
  const retired = (JWT_PUBLIC_KEYS_PREVIOUS ?? []).flatMap((pem) => readPublicKey(pem) ?? [])
  return [
    ...refuseIf(!given.has('JWT_PRIVATE_KEY'), `JWT_PRIVATE_KEY is required: ${wanted}`),
    ...refuseIf(fits === false, `JWT_PRIVATE_KEY must be ${wanted}`),
    ...retired.flatMap((previous, index) =>
      refuseIf(
        keyAlgorithm(previous) !== JWT_ALGORITHM,
        `JWT_PUBLIC_KEYS_PREVIOUS (entry ${index + 1}) must be ${wanted}`,
      ),
    ),
  ]
}

const tokenLives: Rule = ({
  JWT_EXPIRES_IN = 0,
  JWT_REFRESH_EXPIRES_IN = Number.POSITIVE_INFINITY,
}) =>
  refuseIf(
    JWT_REFRESH_EXPIRES_IN <= JWT_EXPIRES_IN,
    'JWT_REFRESH_EXPIRES_IN must be longer than JWT_EXPIRES_IN',
  )

/** Browsers send an origin in exactly this form (RFC 6454, 6.2), and it is compared as text. */
const origins: Rule = ({ CLIENT_URLS = [] }) =>
  CLIENT_URLS.flatMap((entry, index) => {
    const { origin, protocol } = URL.canParse(entry) ? new URL(entry) : { origin: '', protocol: '' }
    const web = /^https?:$/.test(protocol) && !entry.includes('*')
    const hint = web ? `write ${origin}` : 'write scheme://host or scheme://host:port'
    return refuseIf(
      !web || origin !== entry,
      `CLIENT_URLS (entry ${index + 1}) is not an exact origin, without path, slash at the end or wildcard: ${hint}`,
    )
  })

const sameSite: Rule = ({ COOKIE_SAME_SITE, COOKIE_SECURE }) =>
  refuseIf(
    COOKIE_SAME_SITE === 'none' && COOKIE_SECURE === false,
    'COOKIE_SAME_SITE=none needs COOKIE_SECURE=true: browsers drop such cookies otherwise',
  )

/** A range of all addresses, or two of half of them each, are `true` by another name. */
function isProxy(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  // No network of anybody's is larger than 10.0.0.0/8 and fc00::/7.
  const [least, most] = isIP(address) === 4 ? [8, 32] : [7, 128]
  if (entry === 'loopback') return true
  if (isIP(address) === 0 || rest.length > 0) return false
  if (bits === undefined) return true
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) >= least && Number(bits) <= most
}

const trustedProxies: Rule = ({ TRUST_PROXY }) =>
  (TRUST_PROXY || []).flatMap((entry) => {
    if (entry.toLowerCase() === 'true') {
      return 'TRUST_PROXY must not be true: any client could then forge its address; name the proxies'
    }
    if (/^\d+$/.test(entry)) {
      return 'TRUST_PROXY must not be a number of hops, which has no effect; name the proxies'
    }
    return refuseIf(
      !isProxy(entry),
      `TRUST_PROXY must hold addresses, CIDR ranges (of no more than a network) and loopback, not ${JSON.stringify(entry)}`,
    )
  })

/** RFC 9106, 3.1: every lane needs 8 KiB. */
const hashMemory: Rule = ({ ARGON2_MEMORY_KIB, ARGON2_PARALLELISM = 1 }) =>
  refuseIf(
    ARGON2_MEMORY_KIB !== undefined && ARGON2_MEMORY_KIB < 8 * ARGON2_PARALLELISM,
    'ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM',
  )

const mailSender: Rule = (_, given) =>
  refuseIf(given.has('SMTP_URL') && !given.has('MAIL_FROM'), 'MAIL_FROM is required with SMTP_URL')

const firstAdmin: Rule = ({ ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD_MIN_LENGTH = 8 }, given) => {
  const apart = refuseIf(
    given.has('ADMIN_EMAIL') !== given.has('ADMIN_PASSWORD'),
    'ADMIN_EMAIL and ADMIN_PASSWORD are set together or not at all',
  )
  if (ADMIN_EMAIL === undefined || ADMIN_PASSWORD === undefined) return apart
  if ('problem' in emailRule(ADMIN_EMAIL))
    return ['ADMIN_EMAIL must be an email address that an account can have']
  // Not held against email and name: `admin` is in too many first passwords for a server not to start by it.
  const owner = { email: '', name: '' }
  const policy = { minLength: PASSWORD_MIN_LENGTH, isCommon: loadCommonPasswords() }
  const problems = passwordProblems(ADMIN_PASSWORD, owner, policy)
  return refuseIf(
    problems.length > 0,
    `ADMIN_PASSWORD must be a password that a user could choose: ${problems.join('; ')}`,
  )
}

/** What holds in every profile. */
export const rules: readonly Rule[] = [
  workers,
  secretStrength,
  secretsApart,
  tokensApart,
  signingKeys,
  tokenLives,
  origins,
  sameSite,
  trustedProxies,
  hashMemory,
  mailSender,
  firstAdmin,
]
