import t, { type Test } from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import { day, inShort, laptop, minute, phone, second } from '../stores/subject.js'
import { startRedis } from '../support/redis.js'
import { open } from './open.js'

const keys = createKeys('gh:')

const build = async (t: Test) => {
  const server = await startRedis(t)
  const raw = await server.connect()
  const { stores } = await open(t, server)
  const fields = async (userId: string) => (await raw.hkeys(keys.sessions(userId))).sort()
  const record = async (userId: string, sid: string) =>
    (await raw.hget(keys.sessions(userId), sid)) ?? ''
  return { raw, stores, fields, record, ...inShort(stores) }
}

t.test('an account and its session take little memory', async (t) => {
  const { raw, record, signedUp, start, rotate } = await build(t)
  /** What the tables of keys and of their ends take for one, at most: an entry and two places in each. */
  const entries = { key: 8 + 16, end: 32 + 16 }
  const usage = async (key: string) => Number(await raw.memory('USAGE', key, 'SAMPLES', 0))
  const agent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.59 Safari/537.36'
  t.equal(agent.length, 115)
  const device = { ip: '203.0.113.42', userAgent: agent }

  // So many that Redis keeps the list of accounts as it does that of a million.
  const accounts = await Promise.all(Array.from({ length: 500 }, () => signedUp()))
  const [account] = accounts
  if (account === undefined) throw new Error('Nobody is there')
  const { userId, email } = account
  const { sid } = await start(userId, { device, idle: 7 * day, absolute: 30 * day })
  const listed = (await usage(keys.users)) / accounts.length
  const whole = (await usage(keys.account(userId))) + (await usage(keys.email(email))) + listed
  t.ok(whole + 2 * entries.key <= 800, `${whole} bytes of an account`)

  const sizes = [await usage(keys.sessions(userId))]
  // A session that has been in use for three weeks has longer numbers.
  const [created, , , ...others] = (await record(userId, sid)).split(' ')
  const older = [Number(created) - 21 * day, 21 * day, 2_000, ...others].join(' ')
  await raw.hset(keys.sessions(userId), sid, older)
  t.match(await rotate(userId, sid, 2_000, { device, idle: 7 * day }), { outcome: 'rotated' })
  sizes.push(await usage(keys.sessions(userId)))
  for (const size of sizes) {
    t.ok(size + entries.key + entries.end <= 400, `${size} bytes of a session`)
  }
})

t.test('a session leaves nothing behind', async (t) => {
  const { raw, stores, fields, record, signedUp, start, rotate } = await build(t)
  const { userId } = await signedUp()
  const talkative = { ip: '192.0.2.1', userAgent: 'x'.repeat(256) }
  const first = await start(userId, { device: talkative })
  t.strictSame(await fields(userId), ['1.', '1..', '1...', '1....', '1.....', first.sid].sort())

  t.test('when it says less of its device', async (t) => {
    await rotate(userId, first.sid, 1)
    t.strictSame(await fields(userId), ['1.', first.sid].sort())
  })

  t.test('when it is started again', async (t) => {
    await start(userId, { sid: 'again', device: talkative })
    await start(userId, { sid: 'again' })
    t.strictSame(await fields(userId), ['1.', '3.', 'again', first.sid].sort())
  })

  for (const [how, end] of [
    ['signs out', async (sid) => stores.sessions.end(userId, sid)],
    ['shows a token again', async (sid) => rotate(userId, sid, 0)],
    ['is one too many', async () => start(userId, { cap: 1 })],
  ] as [string, (sid: string) => Promise<unknown>][]) {
    t.test(`when it ${how}`, async (t) => {
      await stores.sessions.endAll(userId)
      t.equal(await raw.exists(keys.sessions(userId)), 0)
      const { sid } = await start(userId, { device: talkative })
      await start(userId)
      await end(sid)
      const left = await fields(userId)
      t.notOk(left.includes(sid))
      t.strictSame(
        left.filter((name) => name.startsWith('1.')),
        [],
      )
      t.equal(left.length, 2 * (await stores.sessions.list(userId)).length)
    })
  }

  t.test('when it has lapsed', async (t) => {
    await stores.sessions.endAll(userId)
    const { sid } = await start(userId, { device: talkative })
    const { sid: other } = await start(userId)
    const [created, ...others] = (await record(userId, sid)).split(' ')
    const earlier = [Number(created) - 60 * minute - second, ...others].join(' ')
    await raw.hset(keys.sessions(userId), sid, earlier)
    t.strictSame(await rotate(userId, sid, 1), { outcome: 'missing' })
    t.strictSame(await fields(userId), ['2.', other].sort())
  })
})

t.test('what a client says of itself is taken for no session', async (t) => {
  const { stores, signedUp, start } = await build(t)
  const { userId } = await signedUp()
  const likeRecord = `${Date.now()} 0 1 3600000 86400000 2 1000000000`
  // The second piece of it reads like a record.
  const device = { ip: '1'.repeat(63), userAgent: likeRecord }
  const { sid } = await start(userId, { device })
  const { sid: other } = await start(userId, { device: laptop })
  for (const name of ['1.', '1..', '2.', '.', '']) {
    t.equal(await stores.sessions.end(userId, name), 'missing')
  }
  t.match(await stores.sessions.find(userId, sid), { session: device })
  t.match(await stores.sessions.find(userId, other), { session: laptop })
  t.equal((await start(userId, { device: phone, cap: 3 })).generation, 1)
  t.equal(await stores.sessions.endAll(userId), 3)
})
