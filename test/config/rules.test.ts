import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import t, { type Test } from 'tap'
import { ConfigError, type Environment, loadConfig } from '../../src/config/load.js'
import { redisEndpoints } from '../../src/config/redis-url.js'

const JWT_SECRET = 'test-access-secret-0123456789abcdefghij'
const JWT_REFRESH_SECRET = 'test-refresh-secret-0123456789abcdefghij'
const OTHER_SECRET = 'b0f2Qk7vN1sXz9LcR4mWd8TgY6hPjE3a'

const inTest: Environment = {
  NODE_ENV: 'test',
  CLIENT_URLS: 'http://localhost:3000',
  JWT_SECRET,
  JWT_REFRESH_SECRET,
}
const inProduction: Environment = {
  ...inTest,
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.example.com',
  REDIS_URL: 'redis://redis:6379',
}

/** The problems of a configuration that is good but for these variables; none: it starts. */
const problems = (env: Environment, base = inTest): readonly string[] => {
  try {
    loadConfig({ ...base, ...env }, { folder: '/srv/gatehouse', cores: 4 })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

/** One problem, and it begins with the variable. */
const refused = (t: Test, env: Environment, expected: string | RegExp, base = inTest) => {
  const found = problems(env, base)
  t.equal(found.length, 1, `${JSON.stringify(env)}: ${found.join(' | ')}`)
  t.match(found[0], expected)
}

t.test('production', async (t) => {
  t.test('needs an address with https', async (t) => {
    const expected = 'PUBLIC_URL is required in production, and must begin with https://'
    refused(t, { PUBLIC_URL: undefined }, expected, inProduction)
    refused(t, { PUBLIC_URL: 'http://auth.example.com' }, expected, inProduction)
    t.strictSame(problems({ PUBLIC_URL: 'http://auth.example.com' }), [], 'unlike the others')
  })

  t.test('needs Redis, or a folder for the store by name', async (t) => {
    refused(t, { REDIS_URL: undefined }, /^REDIS_URL is required in production/, inProduction)
    t.strictSame(problems({ REDIS_URL: undefined, EMBEDDED_STORE_PATH: '/data' }, inProduction), [])
  })

  t.test('needs a mail server where a feature mails', async (t) => {
    const expected = /^SMTP_URL is required in production/
    refused(t, { REQUIRE_EMAIL_VERIFICATION: 'true' }, expected, inProduction)
    refused(t, { REGISTRATION: 'verified' }, expected, inProduction)
    t.strictSame(problems({ REGISTRATION: 'closed' }, inProduction), [])
    refused(
      t,
      { MAIL_LINK_URL: 'http://app.example.com' },
      'MAIL_LINK_URL must begin with https:// in production',
      inProduction,
    )
    t.strictSame(problems({ REGISTRATION: 'verified' }), [], 'unlike the others')
  })
})

t.test('outside development secrets and clients are required', async (t) => {
  for (const base of [inTest, { ...inTest, NODE_ENV: 'staging' }, inProduction]) {
    const missing = { JWT_SECRET: undefined, JWT_REFRESH_SECRET: '', CLIENT_URLS: undefined }
    t.strictSame(problems(missing, base), [
      `JWT_SECRET is required in ${base.NODE_ENV}, as itself or as JWT_SECRET_FILE`,
      `JWT_REFRESH_SECRET is required in ${base.NODE_ENV}, as itself or as JWT_REFRESH_SECRET_FILE`,
      `CLIENT_URLS is required in ${base.NODE_ENV}`,
    ])
  }
})

t.test('the embedded store serves one worker', async (t) => {
  refused(t, { CLUSTER_WORKERS: '2' }, /^CLUSTER_WORKERS must be 1 without REDIS_URL/)
  t.strictSame(problems({ CLUSTER_WORKERS: '2', REDIS_URL: 'redis://localhost' }), [])
  t.strictSame(problems({ CLUSTER_WORKERS: '1' }), [])
})

t.test('REDIS_URL has three forms', async (t) => {
  const right = [
    'redis://localhost',
    'redis://:p%40ss@redis:6379/3',
    'redis://:p,ss@redis:6379/',
    'rediss://user:pass@redis.example.com:6380/0?family=6',
    'redis://[::1]:6379',
    'redis://a:7000,redis://b:7000, redis://c:7000/0',
    'redis+sentinel://a,b:26380,[::1]:26379/mymaster',
    'redis+sentinel://user:p%40ss@a/mymaster',
  ]
  for (const REDIS_URL of right) t.strictSame(problems({ REDIS_URL }), [], REDIS_URL)
  const wrong = [
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis://host:port',
    'redis://:p%zz@redis',
    'redis://localhost/path',
    'redis://a:7000/1,redis://b:7000/1',
    'redis://a,http://b',
    'redis+sentinel://a,b',
    'redis+sentinel://a,,b/mymaster',
    'redis+sentinel://a:port/mymaster',
    'redis+sentinel://user:p%zz@a/mymaster',
  ]
  for (const REDIS_URL of wrong) refused(t, { REDIS_URL }, /^REDIS_URL must be redis:\/\/…/)
})

t.test('redisEndpoints tells the forms apart', async (t) => {
  t.strictSame(redisEndpoints('rediss://redis/2'), { mode: 'standalone', url: 'rediss://redis/2' })
  t.strictSame(redisEndpoints('redis://:p,ss@a:7000, redis://b'), {
    mode: 'cluster',
    urls: ['redis://:p,ss@a:7000', 'redis://b'],
  })
  t.strictSame(redisEndpoints('redis+sentinel://a,[::1]:26380/mymaster'), {
    mode: 'sentinel',
    sentinels: [
      { host: 'a', port: 26379 },
      { host: '::1', port: 26380 },
    ],
    name: 'mymaster',
  })
  t.match(redisEndpoints('redis+sentinel://:p%40ss:w@a/mymaster'), { password: 'p@ss:w' })
  t.match(redisEndpoints('redis+sentinel://ada:x@a/mymaster'), { username: 'ada', password: 'x' })
})

t.test('access and refresh secrets have nothing in common', async (t) => {
  const expected = /^JWT_REFRESH_SECRET and JWT_SECRET must differ/
  refused(t, { JWT_REFRESH_SECRET: JWT_SECRET }, expected)
  refused(t, { JWT_SECRET_PREVIOUS: `${OTHER_SECRET},${JWT_REFRESH_SECRET}` }, expected)
  refused(t, { JWT_REFRESH_SECRET_PREVIOUS: JWT_SECRET }, expected)
  t.strictSame(problems({ JWT_SECRET_PREVIOUS: OTHER_SECRET }), [])
})

t.test('what is given to others is no signing secret', async (t) => {
  for (const name of ['MONITORING_TOKEN', 'INTROSPECTION_TOKEN']) {
    const expected = new RegExp(`^${name} must not be a signing secret`)
    refused(t, { [name]: JWT_SECRET }, expected)
    refused(t, { [name]: JWT_REFRESH_SECRET }, expected)
    refused(t, { [name]: OTHER_SECRET, JWT_SECRET_PREVIOUS: OTHER_SECRET }, expected)
    t.strictSame(problems({ [name]: OTHER_SECRET }), [])
  }
})

t.test('retired secrets are as strong as others', async (t) => {
  refused(
    t,
    { JWT_SECRET_PREVIOUS: `${OTHER_SECRET},short` },
    'JWT_SECRET_PREVIOUS (entry 2) must be at least 32 bytes',
  )
})

t.test('signing keys', async (t) => {
  const pem = (key: KeyObject) =>
    String(key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }))
  const keys = {
    EdDSA: generateKeyPairSync('ed25519'),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const locked = keys.EdDSA.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'open sesame',
  })

  t.test('match the algorithm', async (t) => {
    for (const [JWT_ALGORITHM, { privateKey, publicKey }] of Object.entries(keys)) {
      const right = { JWT_ALGORITHM, JWT_PRIVATE_KEY: pem(privateKey) }
      t.strictSame(problems(right), [], JWT_ALGORITHM)
      t.strictSame(problems({ ...right, JWT_PUBLIC_KEYS_PREVIOUS: pem(publicKey) }), [])
      refused(t, { JWT_ALGORITHM }, /^JWT_PRIVATE_KEY is required: an? /)
      for (const wrong of [p384, rsa1024, ...Object.values(keys)]) {
        if (wrong.privateKey === privateKey) continue
        refused(
          t,
          { JWT_ALGORITHM, JWT_PRIVATE_KEY: pem(wrong.privateKey) },
          /^JWT_PRIVATE_KEY must be an? .* for JWT_ALGORITHM=/,
        )
        refused(
          t,
          { ...right, JWT_PUBLIC_KEYS_PREVIOUS: pem(publicKey) + pem(wrong.publicKey) },
          /^JWT_PUBLIC_KEYS_PREVIOUS \(entry 2\) must be an? .* for JWT_ALGORITHM=/,
        )
      }
    }
  })

  t.test('come in one line too, and lists with or without commas', async (t) => {
    const config = loadConfig(
      {
        ...inTest,
        JWT_ALGORITHM: 'EdDSA',
        JWT_PRIVATE_KEY: pem(keys.EdDSA.privateKey).replaceAll('\n', '\\n'),
        JWT_PUBLIC_KEYS_PREVIOUS: [1, 2]
          .map(() => pem(keys.EdDSA.publicKey).replaceAll('\n', '\\n'))
          .join(','),
      },
      { folder: '/srv/gatehouse' },
    )
    t.equal(config.JWT_PRIVATE_KEY, pem(keys.EdDSA.privateKey).trim())
    t.strictSame(config.JWT_PUBLIC_KEYS_PREVIOUS, Array(2).fill(pem(keys.EdDSA.publicKey).trim()))
  })

  t.test('are keys, private and unlocked, or public', async (t) => {
    const algorithm = { JWT_ALGORITHM: 'EdDSA', JWT_PRIVATE_KEY: pem(keys.EdDSA.privateKey) }
    for (const JWT_PRIVATE_KEY of ['nonsense', String(locked), pem(keys.EdDSA.publicKey)]) {
      refused(t, { ...algorithm, JWT_PRIVATE_KEY }, /^JWT_PRIVATE_KEY must be a private key in PEM/)
    }
    const cut = pem(keys.EdDSA.publicKey).replace(/M.*/, 'AAAA')
    for (const JWT_PUBLIC_KEYS_PREVIOUS of ['nonsense', cut, pem(keys.EdDSA.privateKey)]) {
      refused(
        t,
        { ...algorithm, JWT_PUBLIC_KEYS_PREVIOUS },
        /^JWT_PUBLIC_KEYS_PREVIOUS must be public keys in PEM/,
      )
    }
  })

  t.test('are left alone by the HS algorithms', async (t) => {
    t.strictSame(problems({ JWT_PRIVATE_KEY: pem(p384.privateKey) }), [])
  })
})

t.test('a refresh token outlives an access token', async (t) => {
  const expected = 'JWT_REFRESH_EXPIRES_IN must be longer than JWT_EXPIRES_IN'
  refused(t, { JWT_REFRESH_EXPIRES_IN: '15m' }, expected)
  refused(t, { JWT_REFRESH_EXPIRES_IN: '1h', JWT_EXPIRES_IN: '2h' }, expected)
  t.strictSame(problems({ JWT_REFRESH_EXPIRES_IN: '16m' }), [])
  t.strictSame(problems({ JWT_REFRESH_EXPIRES_IN: '2s', JWT_EXPIRES_IN: '1s' }), [])
})

t.test('grace and tolerance are at most a minute', async (t) => {
  for (const name of ['REFRESH_GRACE', 'JWT_CLOCK_TOLERANCE']) {
    t.strictSame(problems({ [name]: '60s' }), [])
    refused(t, { [name]: '61s' }, `${name} must be a duration from 0s to 1m, not "61s"`)
  }
})

t.test('CLIENT_URLS are exact origins', async (t) => {
  const hints = {
    'https://a.example/': 'write https://a.example',
    'https://a.example/app': 'write https://a.example',
    'https://a.example:443': 'write https://a.example',
    'HTTPS://A.example': 'write https://a.example',
    'https://u:p@a.example': 'write https://a.example',
    'https://*.a.example': 'write scheme://host',
    '*': 'write scheme://host',
    null: 'write scheme://host',
    'a.example': 'write scheme://host',
    'ftp://a.example': 'write scheme://host',
  }
  for (const [entry, hint] of Object.entries(hints)) {
    refused(t, { CLIENT_URLS: `http://localhost:3000,${entry}` }, `: ${hint}`)
  }
  refused(t, { CLIENT_URLS: ',' }, /^CLIENT_URLS must be a comma list of exact origins/)
})

t.test('SameSite=none needs secure cookies', async (t) => {
  refused(t, { COOKIE_SAME_SITE: 'none' }, /^COOKIE_SAME_SITE=none needs COOKIE_SECURE=true/)
  t.strictSame(problems({ COOKIE_SAME_SITE: 'none', COOKIE_SECURE: 'true' }), [])
})

t.test('COOKIE_DOMAIN is a domain that browsers accept', async (t) => {
  for (const COOKIE_DOMAIN of ['example.com', 'a-b.example.co.uk', 'xn--bcher-kva.example']) {
    t.strictSame(problems({ COOKIE_DOMAIN, COOKIE_SECURE: 'true' }), [])
  }
  for (const COOKIE_DOMAIN of [
    'localhost',
    '10.0.0.1',
    'https://example.com',
    'a b.c',
    'a.b;x=y',
  ]) {
    refused(t, { COOKIE_DOMAIN }, /^COOKIE_DOMAIN must be a domain/)
  }
})

t.test('TRUST_PROXY names the proxies', async (t) => {
  const proxies = ['loopback', '10.0.0.0/8', '192.0.2.1', '::1', 'fc00::/7', '2001:db8::/32']
  t.strictSame(
    loadConfig({ ...inTest, TRUST_PROXY: proxies.join(', ') }, { folder: '/' }).TRUST_PROXY,
    proxies,
  )
  t.equal(loadConfig({ ...inTest, TRUST_PROXY: 'FALSE' }, { folder: '/' }).TRUST_PROXY, false)
  refused(t, { TRUST_PROXY: 'true' }, /^TRUST_PROXY must not be true: .* forge/)
  refused(t, { TRUST_PROXY: 'loopback,True' }, /^TRUST_PROXY must not be true/)
  refused(t, { TRUST_PROXY: '1' }, /^TRUST_PROXY must not be a number of hops, which has no effect/)
  for (const entry of [
    '0.0.0.0/0',
    '::/0',
    '128.0.0.0/1',
    '8000::/1',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10/8',
    'proxy.local',
    '*',
  ]) {
    refused(t, { TRUST_PROXY: entry }, `(of no more than a network) and loopback, not "${entry}"`)
  }
})

t.test('LOCKOUT_TIERS rise', async (t) => {
  for (const LOCKOUT_TIERS of [
    '5:5m,3:1h',
    '3:5m,3:1h',
    '0:5m',
    '3',
    '3:5',
    '3:5m:1h',
    'x:5m',
    ',',
  ]) {
    refused(t, { LOCKOUT_TIERS }, /^LOCKOUT_TIERS must be a comma list of failures:duration/)
  }
})

t.test('Argon2 needs 8 KiB a lane', async (t) => {
  refused(
    t,
    { ARGON2_MEMORY_KIB: '31', ARGON2_PARALLELISM: '4' },
    'ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM',
  )
  t.strictSame(problems({ ARGON2_MEMORY_KIB: '32', ARGON2_PARALLELISM: '4' }), [])
})

t.test('mail needs a sender', async (t) => {
  const SMTP_URL = 'smtp://mail.example.com'
  refused(t, { SMTP_URL }, 'MAIL_FROM is required with SMTP_URL')
  t.strictSame(problems({ SMTP_URL, MAIL_FROM: 'no-reply@example.com' }), [])
  for (const MAIL_FROM of ['nobody', 'A <a@b.example', 'A\nBcc: x@y.example <a@b.example>']) {
    refused(t, { SMTP_URL, MAIL_FROM }, /^MAIL_FROM must be an address/)
  }
})

t.test('the first admin has an email and a password', async (t) => {
  const expected = 'ADMIN_EMAIL and ADMIN_PASSWORD are set together or not at all'
  refused(t, { ADMIN_EMAIL: 'ada@example.com' }, expected)
  refused(t, { ADMIN_PASSWORD: 'Velvet-Hammer-77' }, expected)
  refused(
    t,
    { ADMIN_EMAIL: 'ada', ADMIN_PASSWORD: 'Velvet-Hammer-77' },
    'ADMIN_EMAIL must be an email address, not "ada"',
  )
  refused(
    t,
    { ADMIN_EMAIL: 'ada..x@example.com', ADMIN_PASSWORD: 'Velvet-Hammer-77' },
    'ADMIN_EMAIL must be an email address that an account can have',
  )
  for (const ADMIN_PASSWORD of ['short', 'Password123!', 'nocapitals-31', 'NoDigitsAtAll-']) {
    refused(t, { ADMIN_EMAIL: 'lovelace@example.com', ADMIN_PASSWORD }, /^ADMIN_PASSWORD must be/)
    t.notMatch(problems({ ADMIN_EMAIL: 'lovelace@example.com', ADMIN_PASSWORD }), ADMIN_PASSWORD)
  }
  for (const ADMIN_PASSWORD of ['Velvet-Hammer-77', 'Xy-lovelace-1815']) {
    t.strictSame(problems({ ADMIN_EMAIL: 'lovelace@example.com', ADMIN_PASSWORD }), [])
  }
})

t.test('every variable is bounded', async (t) => {
  const wrong: Record<string, string[]> = {
    HOST: ['a host', 'http://host'],
    PORT: ['-1', '65536', '80.5', '0x50', '1e3', 'http'],
    PUBLIC_URL: [
      'localhost:5000',
      'ftp://a.example',
      'https://a.example?x=1',
      'https://a.example#x',
    ],
    REDIS_KEY_PREFIX: ['{gh}', 'a b', 'a*', 'x'.repeat(65)],
    CLUSTER_WORKERS: ['0', '257', 'Auto', 'many'],
    JWT_SECRET: [`${JWT_SECRET}${'\n'}x`, 'x'.repeat(513)],
    JWT_ALGORITHM: ['none', 'hs256', 'RS512'],
    JWT_ISSUER: ['x'.repeat(257)],
    JWT_EXPIRES_IN: ['999ms', '25h'],
    SESSIONS_PER_USER: ['0', '1001'],
    ACCESS_TOKEN_ROTATION: ['on'],
    COOKIE_SECURE: ['1', 'yes'],
    COOKIE_SAME_SITE: ['Strict'],
    RATE_LIMIT_WINDOW_MS: ['15m', '99', '604800001'],
    RATE_LIMIT_MAX_REQUESTS: ['0', '1000000001'],
    RATE_LIMIT_USER_MAX: ['0'],
    AUTH_RATE_LIMIT_MAX: ['0'],
    PASSWORD_RESET_RATE_LIMIT_MAX: ['0'],
    ACCOUNT_FAILURE_MAX: ['0'],
    ANOMALY_MODE: ['on'],
    ANOMALY_MAX_REQUESTS_PER_MINUTE: ['0'],
    ANOMALY_MAX_ENDPOINTS_PER_MINUTE: ['0', '10001'],
    ANOMALY_MAX_AUTH_FAILURES_PER_MINUTE: ['0'],
    ARGON2_MEMORY_KIB: ['7', '4194305'],
    ARGON2_TIME_COST: ['0', '1001'],
    ARGON2_PARALLELISM: ['0', '256'],
    HASH_CONCURRENCY: ['0', '1025'],
    HASH_QUEUE_MAX: ['-1', '100001'],
    PASSWORD_MIN_LENGTH: ['7', '65'],
    VALIDATION_CACHE_MAX: ['-1', '1000001'],
    VALIDATION_CACHE_TTL: ['99ms', '61m'],
    STORE_OUTAGE_MODE: ['open'],
    PRESSURE_MAX_EVENT_LOOP_DELAY_MS: ['-1', '60001', '1.5', 'Off'],
    PRESSURE_MAX_HEAP_MB: ['1048577'],
    PRESSURE_MAX_RSS_MB: ['1048577'],
    PRESSURE_MAX_ELU: ['1.1', '98%'],
    MONITORING_TOKEN: ['with space', 'ünïcode'],
    INTROSPECTION_TOKEN: ['with space'],
    LOG_LEVEL: ['verbose', 'WARN'],
    MAIL_LINK_URL: ['app.example.com', 'https://app.example.com?x'],
    MAIL_NOTICES: ['lockout,all', 'lockout,lockout'],
    MAIL_LANGUAGE: ['../en', 'english!'],
    REQUIRE_EMAIL_VERIFICATION: ['maybe'],
    REGISTRATION: ['shut'],
    OTEL_EXPORTER_OTLP_ENDPOINT: ['collector:4318'],
    BODY_LIMIT: ['127', '64kb', '16777217'],
    DOCS: ['on'],
    SHUTDOWN_TIMEOUT: ['99ms', '11m', '10'],
  }
  for (const [name, texts] of Object.entries(wrong)) {
    for (const text of texts) {
      refused(t, { [name]: text }, new RegExp(`^${name} must be `), {
        ...inTest,
        ADMIN_EMAIL: 'ada@example.com',
        ADMIN_PASSWORD: 'Velvet-Hammer-77',
      })
    }
  }
})
