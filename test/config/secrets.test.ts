import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../src/config/config-error.js'
import { developmentSecrets } from '../../src/config/development-secrets.js'
import { loadConfig } from '../../src/config/load.js'
import { secretWeakness } from '../../src/config/secret-strength.js'

t.test('a signing secret', async (t) => {
  t.test('has 32 bytes, whatever its characters', async (t) => {
    t.equal(secretWeakness('b0f2Qk7vN1sXz9LcR4mWd8TgY6hPjE3'), 'must be at least 32 bytes')
    t.equal(secretWeakness('b0f2Qk7vN1sXz9LcR4mWd8TgY6hPjE3a'), undefined)
    t.equal(secretWeakness('äöüßéèêçñåøæœłžš'), undefined, '16 letters of two bytes each')
  })

  t.test('is no placeholder', async (t) => {
    const placeholders = [
      'changeme-changeme-changeme-changeme',
      'CHANGE_ME_to_something_at_random!!',
      'please-change-this-in-production-1',
      'your-256-bit-secret-your-256-bit-secret',
      'your-super-secret-jwt-key-here-0123',
      'your_jwt_access_secret_min_32_chars',
      '<insert a long random string here>',
      'replace-with-openssl-rand-base64-48',
      'put-your-jwt-secret-in-this-variable',
      'a-string-secret-at-least-256-bits-long',
      'jwt-secret-of-minimum-32-characters',
      'supersecretsupersecret-b0f2Qk7vN1sX',
      'example-b0f2Qk7vN1sXz9LcR4mWd8TgY6h',
      'qwertyuiopasdfghjklzxcvbnm123456',
    ]
    for (const secret of placeholders) {
      t.match(secretWeakness(secret), 'looks like a placeholder', secret)
    }
  })

  t.test('is not regular', async (t) => {
    const regular = [
      'a'.repeat(64),
      'ab'.repeat(32),
      'secret'.repeat(8),
      'secret1secret2secret3secret4secret5',
      'password'.repeat(5),
      'abcdefghijklmnopqrstuvwxyz0123456789',
      '9876543210zyxwvutsrqponmlkjihgfedcba',
      '0123456789abcdef'.repeat(4),
      '12345678901234567890123456789012',
      'deadbeef'.repeat(8),
      `password${'1'.repeat(32)}`,
      `b0f2Qk7v${'b0f2Qk7v'.repeat(3)}`,
    ]
    for (const secret of regular) t.match(secretWeakness(secret), 'is too regular', secret)
  })

  t.test('passes when it is random, in any alphabet, or carefully made', async (t) => {
    const encodings = ['hex', 'base64', 'base64url'] as const
    const refused = Array.from({ length: 1000 }, () => randomBytes(32)).flatMap((bytes) =>
      encodings.map((encoding) => bytes.toString(encoding)).filter(secretWeakness),
    )
    t.strictSame(refused, [])
    const passing = [
      'test-access-secret-0123456789abcdefghij',
      'test-refresh-secret-0123456789abcdefghij',
      'correct horse battery staple weather',
    ]
    for (const secret of passing) t.equal(secretWeakness(secret), undefined, secret)
  })
})

t.test('development secrets', async (t) => {
  const problemOf = (folder: string) => {
    try {
      return developmentSecrets(folder)
    } catch (error) {
      if (error instanceof ConfigError) return error.message
      throw error
    }
  }

  t.test("are random, kept, and their owner's alone", async (t) => {
    const folder = t.testdir()
    const { JWT_SECRET, JWT_REFRESH_SECRET } = loadConfig({}, { folder })
    t.not(JWT_SECRET, JWT_REFRESH_SECRET)
    t.equal(secretWeakness(JWT_SECRET), undefined)
    t.match(
      loadConfig({}, { folder }),
      { JWT_SECRET, JWT_REFRESH_SECRET },
      'the same at the next start',
    )
    t.equal(statSync(join(folder, '.data')).mode & 0o777, 0o700)
    t.equal(statSync(join(folder, '.data/secrets.json')).mode & 0o777, 0o600)
    t.strictSame(readdirSync(join(folder, '.data')), ['secrets.json'], 'and nothing else')
    t.not(loadConfig({}, { folder: t.testdir() }).JWT_SECRET, JWT_SECRET)
  })

  t.test('stand in for what is not set, and only then', async (t) => {
    const folder = t.testdir()
    const JWT_SECRET = 'b0f2Qk7vN1sXz9LcR4mWd8TgY6hPjE3a'
    const JWT_REFRESH_SECRET = 'Zk2pV8nQ5xT1rL7mC4wB9sD6fG3hJ0yE'
    t.match(loadConfig({ JWT_SECRET, JWT_REFRESH_SECRET }, { folder }), { JWT_SECRET })
    t.strictSame(readdirSync(folder), [])
    t.equal(loadConfig({ JWT_SECRET }, { folder }).JWT_SECRET, JWT_SECRET)
    t.strictSame(readdirSync(folder), ['.data'])
  })

  t.test('that are damaged stop the start and are left as they are', async (t) => {
    for (const text of [
      '',
      '{"JWT_SECRET":',
      '{}',
      '{"JWT_SECRET":"short","JWT_REFRESH_SECRET":1}',
    ]) {
      const folder = t.testdir({ '.data': { 'secrets.json': text } })
      const file = join(folder, '.data/secrets.json')
      t.match(problemOf(folder), `${file}, which holds those for development, is damaged`)
      t.throws(() => loadConfig({}, { folder }), ConfigError)
      t.equal(readFileSync(file, 'utf8'), text)
    }
  })

  t.test("that can't be read or made stop the start", async (t) => {
    const folder = t.testdir({ '.data': 'a file in the place of the folder' })
    t.match(problemOf(folder), /secrets\.json, .*can't be read or made \(ENOTDIR\)/)
    const other = t.testdir()
    mkdirSync(join(other, '.data/secrets.json'), { recursive: true })
    t.match(problemOf(other), /can't be read or made \(EISDIR\)/)
  })

  t.test('are the same for processes that start at one moment', async (t) => {
    const folder = t.testdir()
    const module = new URL('../../src/config/development-secrets.ts', import.meta.url).href
    const script = `
      import { developmentSecrets } from ${JSON.stringify(module)}
      console.log('ready')
      process.stdin.once('data', () => console.log(JSON.stringify(developmentSecrets(${JSON.stringify(folder)}))))
    `
    const processes = Array.from({ length: 2 }, () =>
      spawn(process.execPath, [...process.execArgv, '--input-type=module', '--eval', script], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    )
    await Promise.all(processes.map(({ stdout }) => once(stdout, 'data')))
    const answers = processes.map(async ({ stdin, stdout }) => {
      stdin.end('go\n')
      return String((await once(stdout, 'data'))[0])
    })
    const [first, ...others] = await Promise.all(answers)
    t.match(JSON.parse(first ?? ''), { JWT_SECRET: /^.{86}$/, JWT_REFRESH_SECRET: /^.{86}$/ })
    for (const other of others) t.equal(other, first)
    t.strictSame(readdirSync(join(folder, '.data')), ['secrets.json'])
  })

  t.test("are the first one's when another was faster", async (t) => {
    const folder = t.testdir()
    const file = join(folder, '.data/secrets.json')
    const rival = { JWT_SECRET: 'r'.repeat(32), JWT_REFRESH_SECRET: 's'.repeat(32) }
    // Between the look for the file and the making of it, the rival comes first.
    const { developmentSecrets } = await t.mockImport<
      typeof import('../../src/config/development-secrets.js')
    >('../../src/config/development-secrets.js', {
      'node:fs': t.createMock(await import('node:fs'), {
        mkdirSync: (path: string) => {
          mkdirSync(path)
          writeFileSync(file, JSON.stringify(rival))
        },
      }),
    })
    t.strictSame(developmentSecrets(folder), rival)
    t.strictSame(readdirSync(join(folder, '.data')), ['secrets.json'])
  })
})
