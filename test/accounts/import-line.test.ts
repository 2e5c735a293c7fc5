import fc from 'fast-check'
import t from 'tap'
import { type Account, roles } from '../../src/accounts/account.js'
import { exportLine, readImportLine } from '../../src/accounts/import-line.js'

const bcrypt = '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'
const own = '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2Fs$aGFzaGhhc2hoYXNoaGFzaA'
const now = Date.UTC(2026, 0, 1)
const read = (line: unknown, hasPepper = false) =>
  readImportLine(typeof line === 'string' ? line : JSON.stringify(line), hasPepper, now)
const ada = { email: ' Ada@Example.com', name: 'Ada', passwordHash: bcrypt }

t.test('a line with what it must have is an account with the rest filled in', async (t) => {
  t.match(read(ada), {
    account: {
      userId: /^\w{22}$/,
      email: 'ada@example.com',
      name: 'Ada',
      role: 'user',
      emailVerified: false,
      isActive: true,
      passwordHash: `$imported${bcrypt}`,
      passwordVersion: 1,
      createdAt: now,
      lastLoginAt: 0,
    },
  })
  t.match(read({ ...ada, passwordHash: undefined }), { account: { passwordHash: '' } })
})

t.test('times are ISO 8601 with their zone, or milliseconds', async (t) => {
  const created = (createdAt: unknown) => read({ ...ada, createdAt })
  const time = Date.UTC(2020, 1, 3, 4, 5, 6, 789)
  for (const good of [time, '2020-02-03T04:05:06.789Z', '2020-02-03T05:05:06.789+01:00']) {
    t.match(created(good), { account: { createdAt: time } }, String(good))
  }
  for (const bad of ['2020-02-03', '2020-02-03T04:05:06', '3 Feb 2020', 'x', now + 1]) {
    t.match(created(bad), { errors: [{ field: 'createdAt' }] }, String(bad))
  }
  t.match(read({ ...ada, lastLoginAt: null }), { account: { lastLoginAt: 0 } })
})

t.test('what is wrong is told by field, and not quoted', async (t) => {
  const cases: [line: unknown, fields: string[]][] = [
    ['', ['line']],
    ['{"email":"x', ['line']],
    ['null', ['line']],
    ['[]', ['line']],
    [{}, ['email', 'name']],
    [{ ...ada, email: 'secret' }, ['email']],
    [{ ...ada, email: ['a@example.com'] }, ['email']],
    [{ ...ada, name: 's', email: 's' }, ['email', 'name']],
    [{ ...ada, role: 'secret' }, ['role']],
    [{ ...ada, isActive: 'true' }, ['isActive']],
    [{ ...ada, createdAt: -1 }, ['createdAt']],
    [{ ...ada, password_hash: bcrypt }, ['password_hash']],
    [{ ...ada, userId: 'a b' }, ['userId']],
    [{ ...ada, userId: '}' }, ['userId']],
    [{ ...ada, userId: 'x'.repeat(65) }, ['userId']],
    [{ ...ada, passwordHash: 'secret' }, ['passwordHash']],
    [{ ...ada, passwordHash: '' }, ['passwordHash']],
    [{ ...ada, passwordHash: null }, ['passwordHash']],
    [{ ...ada, peppered: true }, ['passwordHash']],
  ]
  for (const [line, fields] of cases) {
    const result = read(line)
    const errors = 'errors' in result ? result.errors : []
    t.strictSame(errors.map(({ field }) => field).sort(), fields.sort(), JSON.stringify(line))
    for (const { message } of errors) t.notMatch(message, /secret/)
  }
  t.match(read({ ...ada, peppered: true }, true), {
    errors: [{ message: 'is not an argon2id string of our own' }],
  })
  t.match(read({ ...ada, passwordHash: own, peppered: true }, true), {
    account: { passwordHash: own },
  })
})

t.test('what is exported is imported as it was', async (t) => {
  const account = fc.record({
    userId: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    email: fc.constantFrom('ada@example.com', "o'neil+tag@example.co.uk"),
    name: fc.constantFrom('Ada', 'Łukasz "x" \\ 王 😀'),
    role: fc.constantFrom(...roles),
    emailVerified: fc.boolean(),
    isActive: fc.boolean(),
    passwordHash: fc.constantFrom('', own, `$imported${bcrypt}`, `$imported${own}`),
    passwordVersion: fc.constant(1),
    createdAt: fc.nat(now),
    lastLoginAt: fc.nat(now),
  })
  fc.assert(
    fc.property(account, (generated) => {
      const before: Account = { ...generated }
      const line = exportLine(before, { withHash: true, hasPepper: true })
      t.strictSame(read(line, true), { account: before })
      const without = read(exportLine(before, { withHash: false, hasPepper: true }))
      t.strictSame(without, { account: { ...before, passwordHash: '' } })
    }),
    { numRuns: 50 },
  )
  const unpeppered = exportLine(
    { ...(read(ada) as { account: Account }).account, passwordHash: own },
    {
      withHash: true,
      hasPepper: false,
    },
  )
  t.match(read(unpeppered), { account: { passwordHash: `$imported${own}` } })
})
