import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { errorCode } from '../../src/config/config-error.js'
import { formatDuration, parseDuration } from '../../src/config/duration.js'
import { textOf } from '../../src/config/kinds.js'
import {
  ConfigError,
  type Environment,
  loadConfig,
  readEnvironment,
} from '../../src/config/load.js'
import { variables } from '../../src/config/schema.js'

const JWT_SECRET = 'test-access-secret-0123456789abcdefghij'
const JWT_REFRESH_SECRET = 'test-refresh-secret-0123456789abcdefghij'
const secrets = { JWT_SECRET, JWT_REFRESH_SECRET }

/** The least that each profile starts with. */
const least: Record<string, Environment> = {
  development: { NODE_ENV: 'development', ...secrets },
  test: { NODE_ENV: 'test', CLIENT_URLS: 'http://localhost:3000', ...secrets },
  staging: { NODE_ENV: 'staging', CLIENT_URLS: 'https://app.example.com', ...secrets },
  production: {
    NODE_ENV: 'production',
    CLIENT_URLS: 'https://app.example.com',
    PUBLIC_URL: 'https://auth.example.com',
    REDIS_URL: 'redis://redis:6379',
    ...secrets,
  },
}

const load = (env: Environment, cores = 8) =>
  loadConfig({ ...least.test, ...env }, { folder: '/srv/gatehouse', cores })

const problemsOf = (run: () => unknown): readonly string[] => {
  try {
    run()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const everywhere = {
  PORT: 5000,
  REDIS_KEY_PREFIX: 'gh:',
  EMBEDDED_STORE_PATH: '/srv/gatehouse/.data/store',
  ...secrets,
  JWT_ALGORITHM: 'HS256',
  JWT_ISSUER: 'gatehouse',
  JWT_AUDIENCE: 'gatehouse-client',
  JWT_EXPIRES_IN: 15 * 60_000,
  JWT_REFRESH_EXPIRES_IN: 7 * 86_400_000,
  SESSION_MAX_AGE: 30 * 86_400_000,
  SESSIONS_PER_USER: 10,
  REFRESH_GRACE: 30_000,
  JWT_CLOCK_TOLERANCE: 10_000,
  ACCESS_TOKEN_ROTATION: 'warn',
  COOKIE_SAME_SITE: 'strict',
  TRUST_PROXY: false,
  RATE_LIMIT_WINDOW_MS: 900_000,
  AUTH_RATE_LIMIT_MAX: 5,
  PASSWORD_RESET_RATE_LIMIT_MAX: 3,
  LOCKOUT_TIERS: [
    { failures: 3, lockMs: 5 * 60_000 },
    { failures: 5, lockMs: 15 * 60_000 },
    { failures: 7, lockMs: 60 * 60_000 },
    { failures: 10, lockMs: 24 * 60 * 60_000 },
  ],
  ACCOUNT_FAILURE_MAX: 100,
  ANOMALY_MAX_REQUESTS_PER_MINUTE: 30,
  ANOMALY_MAX_ENDPOINTS_PER_MINUTE: 10,
  ANOMALY_MAX_AUTH_FAILURES_PER_MINUTE: 3,
  ARGON2_MEMORY_KIB: 19_456,
  ARGON2_TIME_COST: 2,
  ARGON2_PARALLELISM: 1,
  HASH_CONCURRENCY: 8,
  HASH_QUEUE_MAX: 64,
  PASSWORD_MIN_LENGTH: 8,
  VALIDATION_CACHE_MAX: 10_000,
  VALIDATION_CACHE_TTL: 5 * 60_000,
  STORE_OUTAGE_MODE: 'closed',
  PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 1000,
  PRESSURE_MAX_HEAP_MB: 0,
  PRESSURE_MAX_RSS_MB: 0,
  PRESSURE_MAX_ELU: 0,
  MAIL_OUTBOX_PATH: '/srv/gatehouse/.data/outbox',
  MAIL_NOTICES: [
    'password-changed',
    'email-changed',
    'role-changed',
    'new-device',
    'lockout',
    'session-reuse',
  ],
  MAIL_LANGUAGE: 'en',
  REQUIRE_EMAIL_VERIFICATION: false,
  REGISTRATION: 'open',
  BODY_LIMIT: 65_536,
  SHUTDOWN_TIMEOUT: 10_000,
}

const byProfile = {
  development: {
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://localhost:5000',
    CLUSTER_WORKERS: 1,
    CLIENT_URLS: ['http://localhost:3000'],
    COOKIE_SECURE: false,
    RATE_LIMIT_MAX_REQUESTS: 1000,
    RATE_LIMIT_USER_MAX: 10_000,
    ANOMALY_MODE: 'observe',
    LOG_LEVEL: 'debug',
    DOCS: true,
  },
  test: {
    HOST: '0.0.0.0',
    PUBLIC_URL: 'http://localhost:5000',
    CLUSTER_WORKERS: 1,
    CLIENT_URLS: ['http://localhost:3000'],
    COOKIE_SECURE: false,
    RATE_LIMIT_MAX_REQUESTS: 1000,
    RATE_LIMIT_USER_MAX: 10_000,
    ANOMALY_MODE: 'observe',
    LOG_LEVEL: 'warn',
    DOCS: false,
  },
  staging: {
    HOST: '0.0.0.0',
    PUBLIC_URL: 'http://localhost:5000',
    CLUSTER_WORKERS: 1,
    CLIENT_URLS: ['https://app.example.com'],
    COOKIE_SECURE: true,
    RATE_LIMIT_MAX_REQUESTS: 200,
    RATE_LIMIT_USER_MAX: 2000,
    ANOMALY_MODE: 'enforce',
    LOG_LEVEL: 'info',
    DOCS: false,
  },
  production: {
    HOST: '0.0.0.0',
    PUBLIC_URL: 'https://auth.example.com',
    REDIS_URL: 'redis://redis:6379',
    CLUSTER_WORKERS: 4,
    HASH_CONCURRENCY: 2,
    CLIENT_URLS: ['https://app.example.com'],
    COOKIE_SECURE: true,
    RATE_LIMIT_MAX_REQUESTS: 100,
    RATE_LIMIT_USER_MAX: 1000,
    ANOMALY_MODE: 'enforce',
    LOG_LEVEL: 'warn',
    DOCS: false,
  },
}

t.test('what was read can be shown as it would be set', async (t) => {
  for (const env of [
    {},
    { MAIL_NOTICES: 'none', TRUST_PROXY: 'loopback, 10.0.0.0/8', REFRESH_GRACE: '0s' },
    { PRESSURE_MAX_ELU: '0.97', PRESSURE_MAX_HEAP_MB: '512', LOCKOUT_TIERS: '2:90s,4:36h' },
  ]) {
    const config = load(env)
    const texts = variables.flatMap(([name, { kind }]) => {
      const value = Object.entries(config).find(([known]) => known === name)?.[1]
      return value === undefined ? [] : [[name, textOf(kind, value)]]
    })
    t.strictSame(load(Object.fromEntries(texts)), config)
  }
  t.equal(textOf('duration', load({}).SESSION_MAX_AGE), '30d')
})

t.test('defaults', async (t) => {
  for (const [profile, defaults] of Object.entries(byProfile)) {
    t.test(`of ${profile}`, async (t) => {
      const config = loadConfig(least[profile] ?? {}, { folder: '/srv/gatehouse', cores: 8 })
      t.strictSame(config, { NODE_ENV: profile, ...everywhere, ...defaults })
    })
  }

  t.test(
    'without any variable it is development, with its folder and the machine around it',
    async (t) => {
      const cwd = process.cwd()
      process.chdir(t.testdir())
      t.teardown(() => process.chdir(cwd))
      t.match(loadConfig({}), { NODE_ENV: 'development', HASH_CONCURRENCY: Number })
    },
  )

  t.test('that follow from other values', async (t) => {
    t.equal(load({ PORT: '8080' }).PUBLIC_URL, 'http://localhost:8080')
    t.equal(load({ RATE_LIMIT_MAX_REQUESTS: '7' }).RATE_LIMIT_USER_MAX, 70)
    t.equal(load({ RATE_LIMIT_MAX_REQUESTS: '7', RATE_LIMIT_USER_MAX: '8' }).RATE_LIMIT_USER_MAX, 8)
    t.equal(load({ RATE_LIMIT_MAX_REQUESTS: '1000000000' }).RATE_LIMIT_USER_MAX, 10_000_000_000)
    t.equal(load({ HASH_CONCURRENCY: '2' }).HASH_CONCURRENCY, 2)
  })

  t.test('auto workers: a core each, at most four, and one without Redis', async (t) => {
    const auto = { CLUSTER_WORKERS: 'auto', REDIS_URL: 'redis://localhost' }
    t.equal(load(auto, 2).CLUSTER_WORKERS, 2)
    t.equal(load(auto, 64).CLUSTER_WORKERS, 4)
    t.equal(load({ CLUSTER_WORKERS: 'auto' }, 64).CLUSTER_WORKERS, 1)
    t.equal(load({ ...auto, CLUSTER_WORKERS: '6' }, 2).CLUSTER_WORKERS, 6)
  })

  t.test('an empty variable is an unset one', async (t) => {
    const config = load({ PORT: '', REDIS_URL: '', REDIS_URL_FILE: '', PASSWORD_PEPPER: '' })
    t.equal(config.PORT, 5000)
    t.notOk('REDIS_URL' in config)
    t.notOk('PASSWORD_PEPPER' in config)
  })
})

t.test('values', async (t) => {
  t.test('optional ones are there when they are set', async (t) => {
    const set = {
      PASSWORD_PEPPER: 'a pinch of pepper',
      COOKIE_DOMAIN: 'example.com',
      MONITORING_TOKEN: 'letmonitoringin',
      INTROSPECTION_TOKEN: 'letservicesask',
      SMTP_URL: 'smtps://user:pass@mail.example.com:465',
      MAIL_FROM: 'Gatehouse <no-reply@example.com>',
      ADMIN_EMAIL: 'ada@example.com',
      ADMIN_PASSWORD: 'Velvet-Hammer-77',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    }
    t.match(load(set), set)
  })

  t.test('lists lose the blanks around their entries', async (t) => {
    t.strictSame(
      load({ CLIENT_URLS: ' https://a.example , https://b.example:8443,' }).CLIENT_URLS,
      ['https://a.example', 'https://b.example:8443'],
    )
  })

  t.test('switches are read in any case', async (t) => {
    t.equal(load({ DOCS: 'TRUE' }).DOCS, true)
    t.equal(load({ DOCS: 'False' }).DOCS, false)
  })

  t.test('thresholds may be off', async (t) => {
    const config = load({ PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off', PRESSURE_MAX_ELU: '0.98' })
    t.equal(config.PRESSURE_MAX_EVENT_LOOP_DELAY_MS, 0)
    t.equal(config.PRESSURE_MAX_ELU, 0.98)
  })

  t.test('addresses lose the slash at their end, so that links have one', async (t) => {
    t.equal(load({ PUBLIC_URL: 'https://a.example/auth/' }).PUBLIC_URL, 'https://a.example/auth')
  })

  t.test('paths start at the folder', async (t) => {
    const config = load({ EMBEDDED_STORE_PATH: 'store', LOG_FILE: '/var/log/gatehouse.log' })
    t.equal(config.EMBEDDED_STORE_PATH, '/srv/gatehouse/store')
    t.equal(config.LOG_FILE, '/var/log/gatehouse.log')
  })

  t.test('lockout tiers', async (t) => {
    t.strictSame(load({ LOCKOUT_TIERS: '2:30s, 4:1d' }).LOCKOUT_TIERS, [
      { failures: 2, lockMs: 30_000 },
      { failures: 4, lockMs: 86_400_000 },
    ])
  })
})

t.test('durations', async (t) => {
  const unit = fc.constantFrom('ms', 's', 'm', 'h', 'd')
  const size = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

  t.test('are their number times their unit', async (t) => {
    fc.assert(
      fc.property(fc.nat(60_000), unit, (amount, unit) => {
        const milliseconds = amount * size[unit]
        const run = () => load({ SESSION_MAX_AGE: `${amount}${unit}` }).SESSION_MAX_AGE
        const inRange = milliseconds >= 1000 && milliseconds <= 400 * size.d
        return inRange ? run() === milliseconds : problemsOf(run).length === 1
      }),
    )
    fc.assert(fc.property(fc.maxSafeNat(), (time) => parseDuration(formatDuration(time)) === time))
    t.equal(load({ REFRESH_GRACE: '0s' }).REFRESH_GRACE, 0)
  })

  t.test(
    'are refused without a unit, with a fraction, a sign, a sum or out of range',
    async (t) => {
      const wrong = [
        '15',
        '0',
        '1.5h',
        '-1s',
        '+1s',
        '1h30m',
        '15 m',
        '15M',
        '1e3s',
        's',
        '0s',
        '999ms',
        '401d',
      ]
      for (const text of [...wrong, `${'9'.repeat(30)}s`]) {
        t.match(
          problemsOf(() => load({ SESSION_MAX_AGE: text })),
          [/^SESSION_MAX_AGE must be a duration from 1s to 400d, not "/],
        )
      }
    },
  )
})

t.test('everything wrong is told at once, and no secret with it', async (t) => {
  const problems = problemsOf(() =>
    loadConfig({
      NODE_ENV: 'production',
      PORT: '70000',
      COOKIE_SECURE: 'yes',
      REDIS_URL: 'http://user:hunter2@redis',
      SMTP_URL: 'mail:hunter2',
      PUBLIC_URL: 'https://user:hunter2@auth.example.com',
      JWT_SECRET: 'hunter2',
      JWT_PRIVATE_KEY: 'hunter2',
      MONITORING_TOKEN: 'hunter2 hunter2',
      TRUST_PROXY: 'true',
    }),
  )
  t.strictSame(
    problems.map((problem) => problem.split(' ', 1)[0]).sort(),
    [
      'CLIENT_URLS',
      'COOKIE_SECURE',
      'JWT_PRIVATE_KEY',
      'JWT_REFRESH_SECRET',
      'JWT_SECRET',
      'MAIL_FROM',
      'MONITORING_TOKEN',
      'PORT',
      'PUBLIC_URL',
      'REDIS_URL',
      'SMTP_URL',
      'TRUST_PROXY',
    ],
    'each variable once',
  )
  t.notMatch(problems.join(), /hunter2/)
  t.ok(problems.includes('PORT must be a whole number from 0 to 65535, not "70000"'))
  t.equal(new ConfigError(problems).message, problems.join('\n'), 'one a line')
})

t.test('an unknown profile is refused, and treated like production', async (t) => {
  const problems = problemsOf(() => loadConfig({ NODE_ENV: 'prod', ...secrets }))
  t.match(problems[0], 'NODE_ENV must be development, test, staging or production, not "prod"')
  t.match(problems.join('\n'), 'PUBLIC_URL is required in production')
})

t.test('what is derived from an unreadable value is no problem of its own', async (t) => {
  const problems = problemsOf(() => load({ PORT: 'http', RATE_LIMIT_MAX_REQUESTS: 'many' }))
  t.match(problems, [/^PORT must be/, /^RATE_LIMIT_MAX_REQUESTS must be/])
  t.equal(problems.length, 2)
})

t.test('secrets from files', async (t) => {
  const folder = t.testdir({ jwt: `${JWT_SECRET}\r\n`, empty: '\n', pepper: 'salt\n\n' })
  const { JWT_SECRET: _, ...rest } = least.test ?? {}
  const run = (env: Environment) => loadConfig({ ...rest, ...env }, { folder })

  t.test('lose the line break at the end', async (t) => {
    const config = run({ JWT_SECRET_FILE: 'jwt', PASSWORD_PEPPER_FILE: join(folder, 'pepper') })
    t.equal(config.JWT_SECRET, JWT_SECRET)
    t.equal(config.PASSWORD_PEPPER, 'salt')
  })

  t.test('and from the environment as well: one too many', async (t) => {
    t.strictSame(
      problemsOf(() => run({ JWT_SECRET_FILE: 'jwt', JWT_SECRET })),
      ['JWT_SECRET and JWT_SECRET_FILE are both set; keep one'],
    )
  })

  t.test('missing or empty', async (t) => {
    t.strictSame(
      problemsOf(() => run({ JWT_SECRET_FILE: 'hunter2', REDIS_URL_FILE: 'empty' })),
      [
        'REDIS_URL_FILE names an empty file',
        "JWT_SECRET_FILE names a file that can't be read (ENOENT)",
      ],
    )
  })

  t.test('work for every secret, and for nothing else', async (t) => {
    const names = [
      'REDIS_URL',
      'JWT_SECRET',
      'JWT_REFRESH_SECRET',
      'JWT_SECRET_PREVIOUS',
      'JWT_REFRESH_SECRET_PREVIOUS',
      'JWT_PRIVATE_KEY',
      'JWT_PUBLIC_KEYS_PREVIOUS',
      'PASSWORD_PEPPER',
      'MONITORING_TOKEN',
      'INTROSPECTION_TOKEN',
      'SMTP_URL',
      'ADMIN_PASSWORD',
    ]
    for (const name of names) {
      t.ok(
        problemsOf(() => run({ [name]: '', [`${name}_FILE`]: 'gone' })).includes(
          `${name}_FILE names a file that can't be read (ENOENT)`,
        ),
        name,
      )
    }
    t.equal(run({ JWT_SECRET, PORT_FILE: 'gone' }).PORT, 5000)
  })
})

t.test('readEnvironment', async (t) => {
  const folder = t.testdir({ '.env': 'PORT=8080\nexport HOST="::1"\n# DOCS=false\n' })

  t.test('reads .env in development, where the environment wins', async (t) => {
    t.match(readEnvironment(folder, {}), { PORT: '8080', HOST: '::1' })
    t.match(readEnvironment(folder, { NODE_ENV: '', PORT: '81' }), { PORT: '81', HOST: '::1' })
    t.equal(loadConfig(readEnvironment(folder, { PORT: '' }), { folder }).PORT, 5000)
  })

  t.test('in no other profile', async (t) => {
    for (const NODE_ENV of ['test', 'staging', 'production', 'prod']) {
      t.strictSame(readEnvironment(folder, { NODE_ENV }), { NODE_ENV })
    }
  })

  t.test('needs none', async (t) => {
    t.strictSame(readEnvironment(t.testdir(), { PORT: '1' }), { PORT: '1' })
  })

  t.test("says so when there is one that can't be read", async (t) => {
    const folder = t.testdir()
    mkdirSync(join(folder, '.env'))
    t.strictSame(
      problemsOf(() => readEnvironment(folder, {})),
      [".env is there, but can't be read (EISDIR)"],
    )
  })

  t.test("is this process's by default", async (t) => {
    t.equal(readEnvironment().PATH, process.env.PATH)
  })
})

t.test('errorCode names a failure without its path', async (t) => {
  t.equal(errorCode(Object.assign(new Error('ENOENT, /run/secrets'), { code: 'ENOENT' })), 'ENOENT')
  t.equal(errorCode('anything may be thrown'), 'anything may be thrown')
})
