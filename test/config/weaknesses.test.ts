import t from 'tap'
import { type Environment, loadConfig } from '../../src/config/load.js'
import { weaknessesOf } from '../../src/config/weaknesses.js'
import { secrets } from '../support/app.js'

const weaknesses = (variables: Environment, NODE_ENV = 'production') =>
  weaknessesOf(
    loadConfig(
      {
        NODE_ENV,
        PUBLIC_URL: 'https://auth.example.com',
        CLIENT_URLS: 'https://app.example.com',
        REDIS_URL: 'rediss://redis.internal:6379',
        SMTP_URL: 'smtps://smtp.internal',
        MAIL_FROM: 'no-reply@example.com',
        ...secrets,
        ...variables,
      },
      { folder: '/srv/gatehouse', cores: 2 },
    ),
  )

t.test('a configuration by the book has no weakness', async (t) => {
  t.strictSame(weaknesses({}), [])
  for (const REDIS_URL of ['redis://localhost', 'redis://127.0.0.1:6379', 'redis://[::1]:6379']) {
    t.strictSame(weaknesses({ REDIS_URL }), [], REDIS_URL)
  }
})

t.test('each weakness is told, with its variable first', async (t) => {
  const cases: Environment[] = [
    { JWT_SECRET: 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6', JWT_ALGORITHM: 'HS512' },
    { JWT_EXPIRES_IN: '2h' },
    { SESSION_MAX_AGE: '100d' },
    { ARGON2_MEMORY_KIB: '8192' },
    { COOKIE_SECURE: 'false' },
    { CLIENT_URLS: 'https://app.example.com,http://app.example.com' },
    { REDIS_URL: 'redis://redis.internal:6379' },
    { REDIS_URL: 'rediss://a.internal:6379,redis://b.internal:6379' },
    { SMTP_URL: '' },
    { ANOMALY_MODE: 'observe' },
    { AUTH_RATE_LIMIT_MAX: '1000' },
    { ACCOUNT_FAILURE_MAX: '10000' },
    { MONITORING_TOKEN: 'Velvet' },
    { INTROSPECTION_TOKEN: 'Velvet' },
    { LOG_LEVEL: 'debug' },
    { ADMIN_PASSWORD: 'Velvet-Hammer-77', ADMIN_EMAIL: 'root@example.com' },
  ]
  for (const variables of cases) {
    const [name = ''] = Object.keys(variables)
    const found = weaknesses(variables)
    t.equal(found.length, 1, JSON.stringify(variables))
    t.match(found[0], new RegExp(`^${name} `))
    t.notMatch(found[0], 'Velvet')
  }
  t.match(weaknesses({ PUBLIC_URL: 'http://auth.example.com' }, 'staging'), [/^PUBLIC_URL/])
})

t.test('what is usual in development is no weakness there', async (t) => {
  const usual = { COOKIE_SECURE: 'false', ANOMALY_MODE: 'observe', LOG_LEVEL: 'debug' }
  t.strictSame(weaknesses({ ...usual, CLIENT_URLS: 'http://localhost:3000' }, 'development'), [])
})
