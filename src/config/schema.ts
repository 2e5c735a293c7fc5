import { type Static, Type } from '@sinclair/typebox'
import { noticeKinds } from '../mail/mail-job.js'
import { DAY, HOUR, MINUTE, SECOND } from './duration.js'
import {
  choice,
  choices,
  duration,
  flag,
  integer,
  limit,
  list,
  milliseconds,
  PROFILES,
  path,
  privateKey,
  proxies,
  publicKeys,
  redis,
  share,
  text,
  tiers,
  url,
  type VariableSchema,
} from './variables.js'

/** A bound for counts which stand for "as many as you like". */
const ANY = 1_000_000_000

/**
 * Browsers keep no cookie longer (RFC 6265bis, 5.5), so neither a session nor its tokens could be used.
 */
const COOKIE_MAX = 400 * DAY

/**
 * Every variable that Gatehouse knows: this table is what reads the environment, what checks it, what
 * types it, and what docs/configuration.md is made from.
 */
export const ConfigSchema = Type.Object(
  {
    NODE_ENV: choice(PROFILES, {
      defaults: 'development',
      description: 'The profile, which decides many defaults below',
    }),
    HOST: text({
      defaults: {
        development: '127.0.0.1',
        test: '0.0.0.0',
        staging: '0.0.0.0',
        production: '0.0.0.0',
      },
      form: 'an address or a host name',
      bounds: { maxLength: 253, pattern: '^[\\w.:%-]+$' },
      description: 'The address to listen on',
    }),
    PORT: integer({
      from: 0,
      to: 65_535,
      defaults: '5000',
      description: 'The port to listen on; 0 picks a free one',
    }),
    PUBLIC_URL: url({
      schemes: 'https?',
      defaultNote: '`http://localhost:PORT`',
      description:
        "Where browsers reach the server: its own origin, and the beginning of the links in mails; must be https in production, where the default won't do",
    }),

    REDIS_URL: Type.Optional(
      redis({
        secret: true,
        description:
          'The store. One URL is one server, a comma list is Redis Cluster, `redis+sentinel://` is Sentinel (credentials in it are for the master). Unset: the embedded store',
      }),
    ),
    REDIS_KEY_PREFIX: text({
      defaults: 'gh:',
      form: 'at most 64 letters, digits and : . _ - /',
      bounds: { maxLength: 64, pattern: '^[\\w:./-]+$' },
      description: 'In front of every key and channel, so that several deployments share a Redis',
    }),
    EMBEDDED_STORE_PATH: path({
      defaults: '.data/store',
      description:
        'The folder of the embedded store, which serves one process only; production uses it only where this is set',
    }),
    CLUSTER_WORKERS: integer({
      from: 1,
      to: 256,
      form: 'auto, or a whole number from 1 to 256',
      defaults: { development: '1', test: '1', staging: 'auto', production: 'auto' },
      description:
        'Processes that serve; `auto` is one a core and at most 4 with Redis, and 1 with the embedded store',
    }),

    JWT_SECRET: text({
      secret: true,
      form: 'one line of at most 512 characters',
      defaultNote: 'made at first start and kept in `.data/` in development, else required',
      description:
        'Signs access tokens under HS\\*; required whatever the algorithm. At least 32 bytes and random, such as `openssl rand -base64 48` prints; with HS384 give it 48 bytes, with HS512 64 (RFC 7518, 3.2)',
    }),
    JWT_REFRESH_SECRET: text({
      secret: true,
      form: 'one line of at most 512 characters',
      defaultNote: 'like `JWT_SECRET`',
      description: 'Signs refresh tokens; as strong as `JWT_SECRET`, and another',
    }),
    JWT_SECRET_PREVIOUS: Type.Optional(
      list({
        secret: true,
        form: 'secrets',
        description:
          'Retired values of `JWT_SECRET` (none may hold a comma): accepted, never used to sign',
      }),
    ),
    JWT_REFRESH_SECRET_PREVIOUS: Type.Optional(
      list({
        secret: true,
        form: 'secrets',
        description: 'Retired values of `JWT_REFRESH_SECRET`, alike',
      }),
    ),
    JWT_ALGORITHM: choice(['HS256', 'HS384', 'HS512', 'EdDSA', 'ES256', 'RS256'], {
      defaults: 'HS256',
      description:
        'How access tokens are signed: with `JWT_SECRET` (HS\\*), or with `JWT_PRIVATE_KEY` (the others), so that services can verify them with `/.well-known/jwks.json` alone',
    }),
    JWT_PRIVATE_KEY: Type.Optional(
      privateKey({
        secret: true,
        description:
          'PEM, line breaks or `\\n`: Ed25519 for EdDSA, P-256 for ES256, RSA of 2048 bits or more for RS256',
      }),
    ),
    JWT_PUBLIC_KEYS_PREVIOUS: Type.Optional(
      publicKeys({
        secret: true,
        description:
          'Public keys of retired private keys of the same algorithm, PEM: accepted, and kept in the JWKS',
      }),
    ),
    JWT_ISSUER: text({
      defaults: 'gatehouse',
      bounds: { maxLength: 256 },
      description: 'The claim `iss`, set and demanded',
    }),
    JWT_AUDIENCE: text({
      defaults: 'gatehouse-client',
      bounds: { maxLength: 256 },
      description: 'The claim `aud`, set and demanded',
    }),
    JWT_EXPIRES_IN: duration({
      from: SECOND,
      to: DAY,
      defaults: '15m',
      description: 'Life of an access token',
    }),
    JWT_REFRESH_EXPIRES_IN: duration({
      from: SECOND,
      to: COOKIE_MAX,
      defaults: '7d',
      description:
        'Life of a refresh token: how long a session may lie idle; longer than `JWT_EXPIRES_IN`',
    }),
    SESSION_MAX_AGE: duration({
      from: SECOND,
      to: COOKIE_MAX,
      defaults: '30d',
      description: 'Life of a session, however often refreshed',
    }),
    SESSIONS_PER_USER: integer({
      from: 1,
      to: 1000,
      defaults: '10',
      description: 'Live sessions of one account; a further sign-in ends the oldest',
    }),
    REFRESH_GRACE: duration({
      from: 0,
      to: 60 * SECOND,
      defaults: '30s',
      description:
        'How long after a rotation the refresh token before still gets the same successor, for tabs that refresh at once; `0s` for never',
    }),
    JWT_CLOCK_TOLERANCE: duration({
      from: 0,
      to: 60 * SECOND,
      defaults: '10s',
      description: "How far the clocks of instances may be apart when a token's times are checked",
    }),
    ACCESS_TOKEN_ROTATION: choice(['warn', 'auto'], {
      defaults: 'warn',
      description:
        'For an access token with under 5 minutes left, `warn` sends `X-Token-Refresh-Required`, and `auto` hands out a new one as well',
    }),

    CLIENT_URLS: list({
      form: 'exact origins such as https://app.example.com',
      defaults: { development: 'http://localhost:3000' },
      description: 'The origins of the single-page applications that may call this server',
    }),
    COOKIE_SECURE: flag({
      defaults: { development: 'false', test: 'false', staging: 'true', production: 'true' },
      description: 'Cookies travel over https only, with the prefixes `__Host-` and `__Secure-`',
    }),
    COOKIE_SAME_SITE: choice(['strict', 'lax', 'none'], {
      defaults: 'strict',
      description:
        '`SameSite` of the cookies; `none`, for applications on another site, needs `COOKIE_SECURE`',
    }),
    COOKIE_DOMAIN: Type.Optional(
      text({
        form: 'a domain such as example.com',
        // A single label or an address is no domain that browsers accept in a cookie (RFC 6265, 5.3).
        bounds: {
          maxLength: 253,
          pattern:
            '^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$',
        },
        description: 'The parent domain, where sub-domains are to share the cookies',
      }),
    ),
    TRUST_PROXY: proxies({
      defaults: 'false',
      description:
        'The proxies in front, whose `X-Forwarded-*` headers are believed. Never `true` or a number',
    }),

    RATE_LIMIT_WINDOW_MS: milliseconds({
      from: 100,
      to: 7 * DAY,
      defaults: '900000',
      description: 'The window of the three limits below',
    }),
    RATE_LIMIT_MAX_REQUESTS: integer({
      from: 1,
      to: ANY,
      defaults: { development: '1000', test: '1000', staging: '200', production: '100' },
      description: 'Requests without a live session, per address',
    }),
    RATE_LIMIT_USER_MAX: integer({
      from: 1,
      to: 10 * ANY,
      defaultNote: '10 times `RATE_LIMIT_MAX_REQUESTS`',
      description: 'Requests with a live session, per account',
    }),
    AUTH_RATE_LIMIT_MAX: integer({
      from: 1,
      to: ANY,
      defaults: '5',
      description: 'Failed sign-ins and refused registrations, per address',
    }),
    PASSWORD_RESET_RATE_LIMIT_MAX: integer({
      from: 1,
      to: ANY,
      defaults: '3',
      description: 'Password reset requests per hour, per address and per account',
    }),
    LOCKOUT_TIERS: tiers({
      from: SECOND,
      to: 365 * DAY,
      defaults: '3:5m,5:15m,7:1h,10:24h',
      description:
        'At so many failed sign-ins, an address (or a known device) and an email together are locked for so long',
    }),
    ACCOUNT_FAILURE_MAX: integer({
      from: 1,
      to: ANY,
      defaults: '100',
      description:
        'After so many failed sign-ins on one email from everywhere within a day, only known devices and a password reset get through',
    }),
    ANOMALY_MODE: choice(['off', 'observe', 'enforce'], {
      defaults: {
        development: 'observe',
        test: 'observe',
        staging: 'enforce',
        production: 'enforce',
      },
      description:
        '`observe` only marks and logs suspicious clients, `enforce` blocks them a minute',
    }),
    ANOMALY_MAX_REQUESTS_PER_MINUTE: integer({
      from: 1,
      to: ANY,
      defaults: '30',
      description: 'Requests without a live session; ten times as many in one session',
    }),
    ANOMALY_MAX_ENDPOINTS_PER_MINUTE: integer({
      from: 1,
      to: 10_000,
      defaults: '10',
      description: 'Distinct routes that one client asks for',
    }),
    ANOMALY_MAX_AUTH_FAILURES_PER_MINUTE: integer({
      from: 1,
      to: ANY,
      defaults: '3',
      description: 'Failed authentications of one client',
    }),

    ARGON2_MEMORY_KIB: integer({
      from: 8,
      to: 4_194_304,
      defaults: '19456',
      description:
        'Memory of one password hash, in KiB, at least 8 times `ARGON2_PARALLELISM`; a stored hash with other parameters is renewed at the next sign-in',
    }),
    ARGON2_TIME_COST: integer({
      from: 1,
      to: 1000,
      defaults: '2',
      description: 'Passes over that memory',
    }),
    ARGON2_PARALLELISM: integer({
      from: 1,
      to: 255,
      defaults: '1',
      description: 'Lanes of that memory',
    }),
    PASSWORD_PEPPER: Type.Optional(
      text({
        secret: true,
        description:
          "Argon2's secret input, kept apart from the store. Changing or losing it makes every password wrong",
      }),
    ),
    HASH_CONCURRENCY: integer({
      from: 1,
      to: 1024,
      defaultNote: 'number of cores, divided by `CLUSTER_WORKERS`',
      description: 'Password hashes at once, per process',
    }),
    HASH_QUEUE_MAX: integer({
      from: 0,
      to: 100_000,
      defaults: '64',
      description: 'Password hashes waiting, per process; past it the answer is 503 `OVERLOADED`',
    }),
    PASSWORD_MIN_LENGTH: integer({
      from: 8,
      // NIST SP 800-63B, 3.1.1.2: users may choose 64 characters at least.
      to: 64,
      defaults: '8',
      description: 'The shortest password in characters',
    }),

    VALIDATION_CACHE_MAX: integer({
      from: 0,
      to: 1_000_000,
      defaults: '10000',
      description: 'Validated tokens that a process remembers; 0 turns it off',
    }),
    VALIDATION_CACHE_TTL: duration({
      from: 100,
      to: HOUR,
      defaults: '5m',
      description: 'How long at most it remembers one',
    }),
    STORE_OUTAGE_MODE: choice(['closed', 'stateless'], {
      defaults: 'closed',
      description:
        'With the store away, `closed` answers 503; `stateless` lets tokens accepted before go on reading',
    }),
    PRESSURE_MAX_EVENT_LOOP_DELAY_MS: limit({
      to: 60_000,
      defaults: '1000',
      description: 'Past it requests are refused with 503 `UNDER_PRESSURE`',
    }),
    PRESSURE_MAX_HEAP_MB: limit({
      to: 1_048_576,
      defaults: 'off',
      description: 'JavaScript heap in MB, alike',
    }),
    PRESSURE_MAX_RSS_MB: limit({
      to: 1_048_576,
      defaults: 'off',
      description: 'Memory of the process in MB, alike',
    }),
    PRESSURE_MAX_ELU: share({
      defaults: 'off',
      description: 'Share of time that the event loop is busy, alike; busy alone is no harm',
    }),

    MONITORING_TOKEN: Type.Optional(
      text({
        secret: true,
        form: 'visible ASCII characters, at most 512',
        bounds: { pattern: '^[\\x21-\\x7e]+$' },
        description:
          'Bearer token for `/metrics` and `/health/detailed`; unset: only loopback may ask, without a forwarding header',
      }),
    ),
    INTROSPECTION_TOKEN: Type.Optional(
      text({
        secret: true,
        form: 'visible ASCII characters, at most 512',
        bounds: { pattern: '^[\\x21-\\x7e]+$' },
        description: 'Bearer token for token introspection; unset: those routes answer 404',
      }),
    ),
    LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      defaults: { development: 'debug', test: 'warn', staging: 'info', production: 'warn' },
      description:
        'A line for each request is `info`; security events are written whatever the level',
    }),
    LOG_FILE: Type.Optional(
      path({ description: 'The log again in a file, rotated at 20 MB and kept 14 days' }),
    ),
    SECURITY_LOG_FILE: Type.Optional(
      path({ description: 'Security events again in a file, rotated alike' }),
    ),

    SMTP_URL: Type.Optional(
      url({
        schemes: 'smtps?',
        secret: true,
        description:
          'The mail server. Unset: mails become `.eml` files in `.data/outbox/`; production refuses this when a feature needs mail',
      }),
    ),
    MAIL_FROM: Type.Optional(
      text({
        form: 'an address, or Name <address>',
        bounds: {
          maxLength: 320,
          pattern: '^([^\\x00-\\x1f\\x7f<>@]+ <[^\\s<>@]+@[^\\s<>@]+>|[^\\s<>@]+@[^\\s<>@]+)$',
        },
        description: 'The sender of mails; required with `SMTP_URL`',
      }),
    ),
    MAIL_OUTBOX_PATH: path({
      defaults: '.data/outbox',
      description: 'The folder of the `.eml` files, about 1,000 of the newest of which are kept',
    }),
    MAIL_LINK_URL: Type.Optional(
      url({
        schemes: 'https?',
        description:
          'What the links in mails begin with, where the pages behind them are not at `PUBLIC_URL`; must be https in production',
      }),
    ),
    MAIL_NOTICES: choices(noticeKinds, {
      defaults: noticeKinds.join(),
      description: 'Of what people are told by mail, beside the mails that they ask for',
    }),
    MAIL_LANGUAGE: text({
      defaults: 'en',
      form: 'a language such as en or pt-BR',
      bounds: { maxLength: 20, pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' },
      description: 'The folder of templates that mails are made from; `en` is built in',
    }),
    MAIL_TEMPLATES: Type.Optional(
      path({
        description:
          'A folder of your own templates: a folder a language, with files in place of those built in',
      }),
    ),
    REQUIRE_EMAIL_VERIFICATION: flag({
      defaults: 'false',
      description: 'Accounts sign in only after the link that was mailed to them was followed',
    }),
    REGISTRATION: choice(['open', 'verified', 'closed'], {
      defaults: 'open',
      description:
        '`open` signs in at once; `verified` mails a link, and tells nobody which emails have accounts; `closed` leaves it to admins',
    }),
    ADMIN_EMAIL: Type.Optional(
      text({
        form: 'an email address',
        bounds: { maxLength: 254, pattern: '^[^\\s<>@]+@[^\\s<>@]+$' },
        description:
          'Made an admin account with a verified email at start, unless an account has it already; with `ADMIN_PASSWORD`',
      }),
    ),
    ADMIN_PASSWORD: Type.Optional(
      text({
        secret: true,
        description:
          'Its first password, held to the rules of all but that it may bear the email or the name; change it after the first sign-in, and unset both',
      }),
    ),

    OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
      url({ schemes: 'https?', description: 'Where traces go; unset: nowhere' }),
    ),
    BODY_LIMIT: integer({
      from: 128,
      to: 16_777_216,
      defaults: '65536',
      description: 'The largest request body in bytes',
    }),
    DOCS: flag({
      defaults: { development: 'true', test: 'false', staging: 'false', production: 'false' },
      description: 'Serves the OpenAPI page at `/docs`',
    }),
    SHUTDOWN_TIMEOUT: duration({
      from: 100,
      to: 10 * MINUTE,
      defaults: '10s',
      description: 'How long requests in flight may take to finish when the server is told to stop',
    }),
  },
  { additionalProperties: false },
)

/** The configuration as the server uses it: times in milliseconds, absent where optional and unset. */
export type Config = Static<typeof ConfigSchema>

/** The table row by row. */
export const variables: readonly [name: string, variable: VariableSchema][] = Object.entries(
  ConfigSchema.properties,
)

/** The variables that always have a value: by default, or because the server won't start without. */
export const mandatory: ReadonlySet<string> = new Set(ConfigSchema.required)
