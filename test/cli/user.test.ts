import t, { type Test } from 'tap'
import { build, eventually } from '../support/app.js'
import { openCommands, type Said } from '../support/command.js'
import { mailbox } from '../support/mailbox.js'
import { startRedis } from '../support/redis.js'
import { failed } from './failed.js'

const good = 'Velvet-Hammer-77'

/** A running server and a command line beside it, on one Redis. */
const setUp = async (t: Test, variables: Record<string, string> = {}) => {
  const redis = await startRedis(t)
  const cwd = t.testdir({ password: `${good}\n`, weak: 'Password123!\n', lines: `${good}\nmore\n` })
  const env = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'gh:' }
  const built = await build(t, { ...env, ...variables })
  return { built, run: openCommands(t, { cwd, env }) }
}

const json = ({ stdout }: Said) => JSON.parse(stdout)

t.test('user', async (t) => {
  const { built, run } = await setUp(t)
  const eventsOf = async (userId: string) =>
    (await built.app.stores.events.list({ limit: 100, userId })).events
  const login = (email: string, password: string) =>
    built.client().post('/api/auth/login', { email, password })

  t.test('create makes an account that can sign in at once', async (t) => {
    const made = await run(
      ...['user', 'create', 'Grace@Example.com', '--name', 'Grace', '--role', 'admin'],
      ...['--verified', '--password-file', 'password', '--json'],
    )
    t.equal(made.code, 0, made.stderr)
    const { user } = json(made)
    t.match(user, { email: 'grace@example.com', name: 'Grace', role: 'admin', emailVerified: true })
    t.notMatch(made.stdout + made.stderr, good)
    t.equal((await login('grace@example.com', good)).statusCode, 200)
    const registered = (await eventsOf(user.userId)).filter(
      ({ type }) => type !== 'login.succeeded',
    )
    t.match(registered, [
      { type: 'user.registered', reason: 'command_line', userAgent: 'gatehouse command line' },
    ])
  })

  t.test('create makes a password, and prints it once', async (t) => {
    const made = await run('user', 'create', 'alan@example.com', '--generate', '--json')
    const { user, password } = json(made)
    t.match(user, { name: 'alan', role: 'user', emailVerified: false })
    t.match(password, /^(?:[A-Za-z2-9]{5}-){4}[A-Za-z2-9]{5}$/)
    t.equal((await login('alan@example.com', password)).statusCode, 200)
    t.notMatch((await run('user', 'show', 'alan@example.com')).stdout, password)
    const text = await run('user', 'create', 'a@example.com', '--generate')
    t.match(text.stdout, /^name {10}a_\n(?:.+\n)+password {6}\S{29}\n$/m)
  })

  t.test('create makes an account without a password', async (t) => {
    const made = await run('user', 'create', 'nobody@example.com', '--no-password')
    t.equal(made.code, 0, made.stderr)
    for (const password of [' ', good]) {
      t.equal((await login('nobody@example.com', password)).statusCode, 401)
    }
  })

  t.test('create mails an invitation, by which the owner comes to a password', async (t) => {
    const { code } = await run('user', 'create', 'new@example.com', '--invite')
    t.equal(code, 0)
    const box = mailbox(built.config.MAIL_OUTBOX_PATH)
    const { token } = await box.next('new@example.com', '')
    const body = { token, newPassword: good }
    t.equal((await built.client().post('/api/auth/password/reset', body)).statusCode, 200)
    const answer = await login('new@example.com', good)
    t.match(answer.json(), { data: { user: { emailVerified: true } } })
  })

  t.test('create holds to the rules of all', async (t) => {
    const create = (...args: string[]) => run('user', 'create', ...args)
    const ida = 'ida@example.com'
    failed(t, await create('nonsense', '--generate'), 65, /^email: Enter a valid email address$/m)
    failed(t, await create(ida, '--name', 'I', '--generate'), 65, /^name: Use 2 to 50 characters/)
    failed(t, await create(ida, '--password-file', 'weak'), 65, /^password: Choose a password/)
    failed(t, await create(ida, '--password-file', 'lines'), 65, /one line/)
    failed(t, await create(ida, '--password-file', 'absent'), 65, /can't be read/)
    failed(t, await create(ida, '--password-file', 'weak', '--generate'), 64, /Only one of/)
    failed(t, await create(ida, '--role', 'root'), 64, /Allowed choices are user, admin/)
    failed(t, await create('grace@example.com', '--generate'), 1, /exists already/)
    failed(t, await create(ida, good), 64, /too many arguments/)
    failed(t, await run('user', 'show', ida), 1, /^There is no account "ida@example.com"$/m)
  })

  t.test('what it changes reaches a running server', async (t) => {
    const ada = await built.signedUp('ada')
    const session = () => ada.get('/api/auth/session')
    t.equal((await session()).json().data.user.role, 'user')

    t.match(await run('user', 'role', 'ada@example.com', 'admin'), { code: 0, stdout: /admin/ })
    await eventually(async () => (await session()).json().data?.user.role === 'admin')

    const ended = await run('user', 'sessions', ada.userId, '--end', '--json')
    t.equal(ended.stdout, '{"revoked":1}\n')
    await eventually(async () => (await session()).statusCode === 401)

    const phone = await built.signedIn('ada')
    const listed = json(await run('user', 'sessions', ada.userId, '--json'))
    t.match(listed, { sessions: [{ sessionId: phone.sessionId, ip: '127.0.0.1' }] })
    t.match((await run('user', 'sessions', ada.userId)).stdout, phone.sessionId)
    t.match((await run('user', 'sessions', ada.userId, '--end')).stdout, /^1 sessions ended$/m)
    t.match(json(await run('user', 'show', ada.userId, '--json')), {
      user: { userId: ada.userId },
      sessions: 0,
    })

    const tablet = await built.signedIn('ada')
    const off = await run('user', 'deactivate', ada.userId, '--json')
    t.match(json(off), { user: { isActive: false } })
    await eventually(async () => (await tablet.get('/api/auth/session')).statusCode === 401)
    t.match((await run('user', 'activate', ada.userId)).stdout, /isActive {6}true/)
    await built.signedIn('ada')

    failed(t, await run('user', 'delete', 'ada@example.com'), 64, /add --yes/)
    const gone = await run('user', 'delete', 'ada@example.com', '--yes', '--json')
    t.strictSame(json(gone), { deleted: ada.userId })
    t.equal(await built.app.stores.accounts.findById(ada.userId), undefined)
    const told = (await eventsOf(ada.userId)).filter(({ reason }) => reason === 'command_line')
    t.strictSame(told.map(({ type }) => type).sort(), [
      ...['account.activated', 'account.deactivated', 'role.changed'],
      ...['session.revoked', 'session.revoked', 'user.deleted'],
    ])
  })

  t.test('the last admin stays', async (t) => {
    const kept = /^The last active admin stays one/
    failed(t, await run('user', 'role', 'grace@example.com', 'user'), 1, kept)
    failed(t, await run('user', 'deactivate', 'grace@example.com'), 1, kept)
    failed(t, await run('user', 'delete', 'grace@example.com', '--yes'), 1, kept)
  })

  t.test('list', async (t) => {
    const all = json(await run('user', 'list', '--json'))
    t.equal(all.nextCursor, null)
    t.ok(all.users.length >= 3)
    const first = json(await run('user', 'list', '--limit', '1', '--json'))
    const next = json(await run('user', 'list', '--cursor', first.nextCursor, '--json'))
    t.strictSame([...first.users, ...next.users], all.users)
    const admins = await run('user', 'list', '--role', 'admin', '--active')
    t.match(admins.stdout, /^USER ID .*\n\S+ +grace@example.com +Grace +admin +active +20/)
    const more = await run('user', 'list', '--limit', '1')
    t.match(more.stdout, `More: --cursor ${first.nextCursor}`)
    t.strictSame(json(await run('user', 'list', '--inactive', '--json')).users, [])
    t.match(json(await run('user', 'list', '--search', 'al', '--json')).users, [{ name: 'alan' }])
    failed(t, await run('user', 'list', '--limit', '0'), 64, /from 1 to 1000/)
    failed(t, await run('user', 'list', '--cursor', 'x'), 65, /cursor: This is not a cursor/)
    failed(t, await run('user', 'list', '--active', '--inactive'), 64, /cannot be used with/)
  })

  t.test('names do not speak to the terminal', async (t) => {
    const name = 'Eve \u202e\u200b'
    t.equal((await run('user', 'create', 'eve@example.com', '--name', name, '--generate')).code, 0)
    t.notMatch((await run('user', 'show', 'eve@example.com')).stdout, /[\u202e\u200b]/)
  })

  t.test('all sessions of everybody end at once', async (t) => {
    const people = await Promise.all(['kay', 'leo'].map((name) => built.signedUp(name)))
    failed(t, await run('sessions', 'end'), 64, /Say --all/)
    failed(t, await run('sessions', 'end', '--all'), 64, /add --yes/)
    const ended = await run('sessions', 'end', '--all', '--yes')
    t.match(ended, { code: 0, stdout: /^\d+ sessions of \d+ accounts ended\n$/ })
    for (const { get } of people) {
      await eventually(async () => (await get('/api/auth/session')).statusCode === 401)
    }
    const again = json(await run('sessions', 'end', '--all', '--yes', '--json'))
    t.match(again, { revoked: 0, accounts: Number })
    const { events } = await built.app.stores.events.list({ limit: 1, type: 'session.revoked' })
    t.match(events, [{ reason: 'command_line_all' }])
  })
})

t.test('unlock lets somebody in who has failed too often', async (t) => {
  const { built, run } = await setUp(t, { LOCKOUT_TIERS: '1:1h' })
  const { userId } = await built.signedUp('ada')
  const login = (password: string) =>
    built.client().post('/api/auth/login', { email: 'ada@example.com', password })
  await login('wrong')
  t.equal((await login('Glass-Onion-31')).statusCode, 423)
  t.match(await run('user', 'unlock', 'ada@example.com', '--json'), { code: 0, stdout: userId })
  t.equal((await login('Glass-Onion-31')).statusCode, 200)
})
