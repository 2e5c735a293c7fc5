import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { inRedis } from '../support/accounts.js'
import { build, type Device } from '../support/app.js'
import type { Client } from '../support/client.js'
import { command, openCommands, type Said } from '../support/command.js'
import { startRedis } from '../support/redis.js'
import { failed } from './failed.js'

/** Of 'U*U' and of 'password': see the test of imported hashes. */
const bcrypt = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
const scrypt = '$scrypt$ln=4,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaA'

const person = (name: string, more: object = {}) => ({
  email: `${name}@example.com`,
  name,
  passwordHash: bcrypt,
  ...more,
})

const ndjson = (lines: unknown[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')

const setUp = async (t: Test) => {
  const redis = await startRedis(t)
  const env = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'gh:' }
  const built = await build(t, { ...env, LOCKOUT_TIERS: '3:5m' })
  const cwd = t.testdir()
  return {
    redis,
    env,
    built,
    cwd,
    run: openCommands(t, { cwd, env }),
    write: (lines: unknown[]): string => {
      const file = join(cwd, `${Math.random()}.ndjson`)
      writeFileSync(file, ndjson(lines))
      return file
    },
  }
}

const json = ({ stdout }: Said) => JSON.parse(stdout)

t.test('import users', async (t) => {
  const { built, run, write, redis, cwd, env } = await setUp(t)
  const { accounts, events } = built.app.stores

  t.test('an imported bcrypt hash signs in, and is argon2id afterwards', async (t) => {
    const userId = 'from-the-old-system'
    const imported = await run('import', 'users', write([person('bea', { userId })]))
    t.match(imported, { code: 0, stdout: /^1 created, 0 kept, 0 refused, in / })
    const { salt } = inRedis(built, redis)
    t.equal(await salt({ userId } as Device), '$imported$2a$05$')
    const login = (password: string) =>
      built.client().post('/api/auth/login', { email: 'bea@example.com', password })
    t.equal((await login('U*V')).statusCode, 401)
    t.equal((await login('U*U')).statusCode, 200)
    t.match(await salt({ userId } as Device), /^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    t.equal((await login('U*U')).statusCode, 200)
  })

  t.test('an imported account is locked by nobody on a device of its owner', async (t) => {
    const own = built.client()
    const login = (client: Client, password: string) =>
      client.post('/api/auth/login', { email: 'bea@example.com', password })
    t.equal((await login(own, 'U*U')).statusCode, 200)
    for (let i = 0; i < 3; i += 1) await login(built.client(), 'U*V')
    t.equal((await login(built.client(), 'U*U')).statusCode, 423)
    t.equal((await login(own, 'U*U')).statusCode, 200)
  })

  t.test('goes on past lines that are refused, and names each by number and field', async (t) => {
    const file = write([
      person('cal', { role: 'admin', emailVerified: true }),
      '',
      '{"email":',
      person('dan', { passwordHash: 'plain' }),
      person('eli', { isActive: false, createdAt: '2020-01-02T03:04:05Z' }),
      person('fay', { userId: 'from-the-old-system' }),
    ])
    const first = await run('import', 'users', file, '--json')
    t.equal(first.code, 65)
    t.match(json(first), { created: 2, kept: 0, refused: 3, seconds: Number })
    t.match(first.stderr, /^line 3: line: is not JSON$/m)
    t.match(first.stderr, /^line 4: passwordHash: is neither argon2 nor bcrypt nor scrypt$/m)
    t.match(first.stderr, /^line 6: userId: belongs to another account$/m)
    t.match(first.stderr, /^3 lines were refused: mend them and import the file again$/m)
    t.match(await accounts.findByEmail('cal@example.com'), { role: 'admin', emailVerified: true })
    t.match(await accounts.findByEmail('eli@example.com'), {
      isActive: false,
      createdAt: Date.UTC(2020, 0, 2, 3, 4, 5),
    })
    const registered = await events.list({ limit: 100, type: 'user.registered' })
    t.strictSame(
      registered.events.map(({ reason }) => reason),
      ['import'],
      'only what is an admin',
    )
  })

  t.test('makes nothing twice, and leaves what is there as it is', async (t) => {
    const before = await accounts.findByEmail('cal@example.com')
    const file = write([person('cal', { name: 'Changed' }), person('gil'), person('gil')])
    t.match(await run('import', 'users', file), {
      code: 0,
      stdout: /^1 created, 2 kept, 0 refused/,
    })
    t.match(await run('import', 'users', file), {
      code: 0,
      stdout: /^0 created, 3 kept, 0 refused/,
    })
    t.strictSame(await accounts.findByEmail('cal@example.com'), before)
  })

  t.test('says what it would do, and does not', async (t) => {
    const file = write([
      person('cal'),
      person('hal'),
      person('ian', { userId: 'from-the-old-system' }),
    ])
    const dry = await run('import', 'users', file, '--dry-run')
    t.match(dry, { code: 65, stdout: /^1 would be created, 1 kept, 1 refused/ })
    t.equal(await accounts.findByEmail('hal@example.com'), undefined)
  })

  t.test('skips lines', async (t) => {
    const file = write([person('jan'), 'nonsense', person('kim')])
    const skipped = await run('import', 'users', '--from-line', '3', file)
    t.match(skipped, { code: 0, stdout: /^1 created, 0 kept, 0 refused/ })
    t.equal(await accounts.findByEmail('jan@example.com'), undefined)
    failed(t, await run('import', 'users', file, '--from-line', '0'), 64, /a number from 1 on/)
  })

  t.test('reads the standard input', async (t) => {
    const input = ndjson([person('leo', { passwordHash: scrypt })])
    const said = await command(['import', 'users', '-'], { cwd, env, input })
    t.match(said, { code: 0, stdout: /^1 created/ })
  })

  t.test('says that a file is not there', async (t) => {
    failed(t, await run('import', 'users', 'absent.ndjson'), 65, /There is no file "absent.ndjson"/)
    failed(t, await run('import', 'users', cwd), 65, /^There is no file/)
  })

  t.test('export users writes what import users reads', async (t) => {
    const all = await run('export', 'users', '--with-hashes')
    t.equal(all.code, 0)
    t.match(all.stderr, /^\d+ accounts exported$/m)
    const lines = all.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    t.match(
      lines.find(({ name }) => name === 'leo'),
      { email: 'leo@example.com', passwordHash: scrypt, role: 'user', lastLoginAt: null },
    )
    const elsewhere = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'other:' }
    const copy = openCommands(t, { cwd, env: elsewhere })
    const file = write(lines)
    t.match(await copy('import', 'users', file), { code: 0 })
    const again = await copy('export', 'users', '--with-hashes')
    t.strictSame(again.stdout.split('\n').sort(), all.stdout.split('\n').sort())
    t.notMatch((await run('export', 'users')).stdout, /passwordHash|\$/)
  })
})

t.test('the embedded store is imported into as well', async (t) => {
  const cwd = t.testdir({ 'people.ndjson': ndjson([person('ada'), person('bob')]) })
  const run = openCommands(t, { cwd, env: { EMBEDDED_STORE_PATH: join(cwd, 'store') } })
  t.match(await run('import', 'users', 'people.ndjson'), { code: 0, stdout: /^2 created/ })
  t.match(await run('import', 'users', 'people.ndjson'), { code: 0, stdout: /^0 created, 2 kept/ })
  t.equal((await run('export', 'users')).stdout.trim().split('\n').length, 2)
})
