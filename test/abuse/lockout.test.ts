import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { refused } from '../support/answers.js'
import { type Built, build, eventually, password, person } from '../support/app.js'
import type { Client } from '../support/client.js'
import { elapse } from '../support/clock.js'
import { ownTime } from '../support/own-time.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { startProxy } from '../support/tcp-proxy.js'

const url = '/api/auth/login'
const minute = 60_000
const hour = 60 * minute

/** The lockout as it is by default, and clients that may say where they are. */
const guarded = { LOCKOUT_TIERS: '3:5m,5:15m,7:1h,10:24h', TRUST_PROXY: 'loopback' }
const at = (address: string) => ({ 'x-forwarded-for': address })
const wrong = (name: string) => ({ email: person(name).email, password: 'Wrong-Onion-31' })
const right = (name: string) => ({ email: person(name).email, password })

const statuses = (answers: LightMyRequestResponse[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { statusCode } of answers) counts[statusCode] = (counts[statusCode] ?? 0) + 1
  return counts
}

/** Asks so often in turn; answers the statuses. */
const inTurn = async (times: number, ask: () => Promise<LightMyRequestResponse>) => {
  const all: number[] = []
  for (let i = 0; i < times; i += 1) all.push((await ask()).statusCode)
  return all
}

/** Counts the password checks of an app from now on. */
const countChecks = ({ hasher }: FastifyInstance) => {
  const counted = { checks: 0 }
  const { verify } = hasher
  hasher.verify = (...args) => {
    counted.checks += 1
    return verify(...args)
  }
  return counted
}

const lockedFor = (t: Test, answer: LightMyRequestResponse, minutes: number) => {
  refused(t, answer, 423, 'ACCOUNT_LOCKED', { lockDurationMinutes: minutes })
  const seconds = Number(answer.headers['retry-after'])
  t.ok(seconds <= minutes * 60 && seconds > (minutes - 1) * 60, `${seconds} s`)
}

t.test('wrong passwords', async (t) => {
  const { client, signedUp, signedIn, log } = await build(t, guarded)
  await signedUp('ada')
  const device = client()

  t.test('lock at the third, which is still answered as one', async (t) => {
    for (let i = 0; i < 3; i += 1) {
      refused(t, await device.post(url, wrong('ada')), 401, 'INVALID_CREDENTIALS')
    }
    t.match(log.slice(-2), [
      { event: 'login.locked', reason: 'tier_reached' },
      { event: 'login.failed' },
    ])
    lockedFor(t, await device.post(url, wrong('ada')), 5)
    lockedFor(t, await device.post(url, right('ada')), 5)
    t.match(log.at(-1), { event: 'login.locked', reason: 'locked', userId: String })
  })

  t.test('lock the longer, the more there are, on and on', async (t) => {
    for (const [failures, minutes] of [
      [2, 15],
      [2, 60],
      [3, 24 * 60],
      [1, 24 * 60],
    ] as const) {
      const { headers } = await device.post(url, right('ada'))
      elapse(t, Number(headers['retry-after']) * 1000)
      t.strictSame(
        await inTurn(failures, () => device.post(url, wrong('ada'))),
        Array(failures).fill(401),
      )
      lockedFor(t, await device.post(url, right('ada')), minutes)
    }
    elapse(t, 24 * hour)
    t.equal((await device.post(url, right('ada'))).statusCode, 200)
    t.strictSame(await inTurn(2, () => device.post(url, wrong('ada'))), [401, 401])
    t.equal((await device.post(url, right('ada'))).statusCode, 200, 'a success forgets')
  })

  t.test('are forgotten an hour after the last', async (t) => {
    await signedUp('bob')
    t.strictSame(await inTurn(2, () => device.post(url, wrong('bob'))), [401, 401])
    elapse(t, hour)
    t.strictSame(await inTurn(2, () => device.post(url, wrong('bob'))), [401, 401])
    t.equal((await device.post(url, right('bob'))).statusCode, 200)
  })

  t.test('lock neither another address nor another account', async (t) => {
    await signedUp('eve')
    await inTurn(4, () => device.post(url, wrong('eve')))
    lockedFor(t, await device.post(url, right('eve')), 5)
    t.equal((await client(at('198.51.100.7')).post(url, right('eve'))).statusCode, 200)
    t.equal((await device.post(url, right('bob'))).statusCode, 200)
    lockedFor(t, await device.post(url, right('eve')), 5)
  })

  t.test('count by the email as it is meant, and the network as it is', async (t) => {
    await signedUp('kim')
    const guess = (email: string, address: string) =>
      client(at(address)).post(url, { email, password: 'Wrong-Onion-31' })
    t.equal((await guess('KIM@example.com', '::ffff:203.0.113.9')).statusCode, 401)
    t.equal((await guess(' kim@EXAMPLE.com', '203.0.113.9')).statusCode, 401)
    t.equal((await guess('kim@example.com', '::ffff:cb00:7109')).statusCode, 401)
    lockedFor(t, await client(at('203.0.113.9')).post(url, right('kim')), 5)
    for (const last of ['1', 'ffff', '1:2:3']) {
      t.equal((await guess('kim@example.com', `2001:db8:1:2::${last}`)).statusCode, 401)
    }
    lockedFor(t, await client(at('2001:db8:1:2::9')).post(url, right('kim')), 5)
    t.equal((await client(at('2001:db8:1:3::9')).post(url, right('kim'))).statusCode, 200)
  })

  t.test('count at a password change too, and refreshes neither count nor forget', async (t) => {
    const ann = await signedUp('ann')
    const change = (currentPassword: string) =>
      ann.post('/api/auth/password/change', { currentPassword, newPassword: 'Gentle-Giant-73' })
    t.strictSame(await inTurn(2, () => change('Wrong-Onion-31')), [401, 401])
    t.strictSame(await inTurn(5, () => ann.post('/api/auth/refresh')), Array(5).fill(200))
    t.equal((await change('Wrong-Onion-31')).statusCode, 401)
    lockedFor(t, await change(password), 5)
    t.equal((await ann.get('/api/profile')).statusCode, 200, 'the session goes on')
    elapse(t, 5 * minute)
    t.equal((await change(password)).statusCode, 200)
    t.strictSame(await inTurn(2, () => ann.post('/api/auth/logout')), [200, 200])
  })

  t.test('of a neighbour do not lock out a device that has signed in before', async (t) => {
    await signedUp('joe')
    const known = await signedIn('joe')
    await inTurn(5, () => client().post(url, wrong('joe')))
    lockedFor(t, await client().post(url, right('joe')), 5)
    t.equal((await known.post(url, right('joe'))).statusCode, 200, 'behind the same address')
    t.strictSame(await inTurn(3, () => known.post(url, wrong('joe'))), [401, 401, 401])
    lockedFor(t, await known.post(url, right('joe')), 5)
    const other = await signedUp('liz')
    t.equal((await other.post(url, wrong('joe'))).statusCode, 423, 'it is known for liz alone')
  })
})

t.test('nothing tells an unknown email from a known one', async (t) => {
  const { app, client, signedUp } = await build(t, { ...guarded, ACCOUNT_FAILURE_MAX: '8' })
  await signedUp('ada')
  const { hasher, stores } = app
  const jobs: string[] = []
  const { verify } = hasher
  const { reserve, settle } = stores.lockout
  hasher.verify = (...args) => {
    jobs.push('verify')
    return verify(...args)
  }
  stores.lockout.reserve = (...args) => {
    jobs.push('reserve')
    return reserve(...args)
  }
  stores.lockout.settle = (...args) => {
    jobs.push('settle')
    return settle(...args)
  }

  /** Everything that a guesser sees, and what was done for it. */
  const seen = async (email: string) => {
    const all: unknown[] = []
    const guess = async (address: string) => {
      jobs.length = 0
      const answer = await client(at(address)).post(url, { email, password: 'Wrong-Onion-31' })
      const { 'x-request-id': _, date: __, ...headers } = answer.headers
      const { requestId: ___, ...body } = answer.json()
      all.push({ status: answer.statusCode, headers, body, jobs: [...jobs] })
    }
    for (let i = 0; i < 4; i += 1) await guess('192.0.2.1')
    elapse(t, 5 * minute)
    for (let i = 0; i < 3; i += 1) await guess('192.0.2.1')
    for (let i = 0; i < 4; i += 1) await guess(`192.0.2.${i + 2}`)
    return all
  }
  const loosely = (all: unknown[]) =>
    JSON.parse(
      JSON.stringify(all).replace(
        /"(ratelimit-\w+|retry-after|lockDurationMinutes)":("?)\d+\2/g,
        '"$1":0',
      ),
    )
  const [known, unknown] = [await seen('ada@example.com'), await seen('nobody@example.com')]
  t.strictSame(loosely(unknown), loosely(known))
  t.match(known, [
    { status: 401, jobs: ['reserve', 'verify', 'settle'] },
    { status: 401 },
    { status: 401 },
    { status: 423, jobs: ['reserve'] },
    { status: 401 },
    { status: 401 },
    { status: 423 },
    { status: 401 },
    { status: 401 },
    { status: 401 },
    { status: 423, body: { lockDurationMinutes: Number } },
  ])

  t.test('the time neither, by the medians of many guesses', async (t) => {
    const { client } = await build(t, { ARGON2_MEMORY_KIB: '4096', ARGON2_TIME_COST: '2' })
    const built = client()
    const times: Record<string, number[]> = { known: [], unknown: [] }
    await client().post('/api/auth/register', person('ada'))
    for (let i = 0; i < 80; i += 1) {
      for (const [kind, email] of [
        ['known', 'ada@example.com'],
        ['unknown', `nobody${i}@example.com`],
      ] as const) {
        const began = performance.now()
        await built.post(url, { email, password: 'Wrong-Onion-31' })
        times[kind]?.push(performance.now() - began)
      }
    }
    const median = (all: number[] = []) => all.sort((a, b) => a - b)[all.length >> 1] ?? 0
    const ratio = median(times.unknown) / median(times.known)
    t.comment(`median time of unknown to known: ${ratio.toFixed(3)}`)
    t.ok(ratio > 0.7 && ratio < 1.4, `${ratio}`)
  })
})

t.test('guesses from everywhere', async (t) => {
  const { client, signedUp, signedIn } = await build(t, { ...guarded, ACCOUNT_FAILURE_MAX: '20' })
  await signedUp('ada')
  const known = await signedIn('ada')
  let address = 0
  const stranger = () => client(at(`198.51.100.${++address}`))

  t.test('lock the account for all but the devices that it knows', async (t) => {
    const guesses = await inTurn(25, () => stranger().post(url, wrong('ada')))
    t.strictSame(guesses, [...Array(20).fill(401), ...Array(5).fill(423)])
    const answer = await stranger().post(url, right('ada'))
    t.equal(answer.statusCode, 423, 'also with the right password')
    const { lockDurationMinutes } = answer.json()
    t.ok(lockDurationMinutes > 1_440 && lockDurationMinutes <= 1_500)
    t.equal((await known.post(url, right('ada'))).statusCode, 200)
    t.equal((await known.post(url, right('ada'), at('198.51.100.250'))).statusCode, 200)
    t.equal((await stranger().post(url, right('ada'))).statusCode, 423, 'nobody else by it')
  })

  t.test('until what an administrator or a reset clears', async (t) => {
    const { app, client, signedUp } = await build(t, { ...guarded, ACCOUNT_FAILURE_MAX: '3' })
    await signedUp('ada')
    await inTurn(3, () => client().post(url, wrong('ada')))
    t.equal((await client(at('203.0.113.1')).post(url, right('ada'))).statusCode, 423)
    await app.stores.lockout.clear(person('ada').email)
    t.equal((await client().post(url, right('ada'))).statusCode, 200)
  })
})

t.test('in parallel, over two instances on one Redis', async (t) => {
  const redis = await startRedis(t)
  const shared = { ...guarded, REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'shared:' }
  // Hashes that take their time, as in production.
  const slow = { ARGON2_MEMORY_KIB: '8192', ARGON2_TIME_COST: '2' }
  const apps = [await build(t, { ...shared, ...slow }), await build(t, { ...shared, ...slow })]
  const [first] = apps as [Built, Built]
  const clientOf = (i: number): Client => (apps[i % 2] ?? first).client()

  t.test('of a hundred wrong passwords three are checked', async (t) => {
    await first.signedUp('ada')
    const counted = apps.map(({ app }) => countChecks(app))
    const guesses = Array.from({ length: 100 }, (_, i) => clientOf(i).post(url, wrong('ada')))
    const answers = await Promise.all(guesses)
    const checks = counted.reduce((sum, { checks }) => sum + checks, 0)
    t.comment(`password checks that ran for 100 parallel guesses: ${checks}`)
    t.equal(checks, 3)
    t.strictSame(statuses(answers), { 401: 3, 423: 97 })
  })

  t.test('of fifty right ones each gets in', async (t) => {
    await first.signedUp('bob')
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => clientOf(i).post(url, right('bob'))),
    )
    t.strictSame(statuses(answers), { 200: 50 })
  })

  t.test('right ones among wrong ones get in, unless the wrong ones lock first', async (t) => {
    await first.signedUp('eve')
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        clientOf(i).post(url, i % 10 === 0 ? wrong('eve') : right('eve')),
      ),
    )
    const { 200: ok = 0, 401: failed = 0, 423: locked = 0 } = statuses(answers)
    t.equal(ok + failed + locked, 30)
    t.ok(failed <= 3 && ok > 0)
  })

  t.test('tiers rise end to end, whichever instance is asked', async (t) => {
    const tiers = { ...shared, LOCKOUT_TIERS: '2:1s,3:2s' }
    const pair = [await build(t, tiers), await build(t, tiers)] as const
    await pair[0].signedUp('kim')
    const ask = (i: number, body: object) => pair[i % 2 ? 1 : 0].client().post(url, body)
    const waitFor = async (answer: LightMyRequestResponse) => {
      t.equal(answer.statusCode, 423)
      await eventually(async () => (await ask(1, wrong('kim'))).statusCode !== 423)
      return Number(answer.headers['retry-after'])
    }
    t.strictSame(
      [await ask(0, wrong('kim')), await ask(1, wrong('kim'))].map((a) => a.statusCode),
      [401, 401],
    )
    t.equal(await waitFor(await ask(0, right('kim'))), 1)
    // The guess that ended the waiting was the third failure.
    const third = await ask(0, right('kim'))
    t.equal(third.headers['retry-after'], '2')
    await eventually(async () => (await ask(0, right('kim'))).statusCode === 200)
  })
})

t.test('a check that never ends', async (t) => {
  const { app, client, signedUp } = await build(t, guarded)
  await signedUp('ada')
  const rules = { tiers: [{ failures: 3, lockMs: 300_000 }], accountMax: 100 }
  const dead = { ...person('ada'), source: '127.0.0.1', isKnownDevice: false }
  for (const id of ['a', 'b', 'c']) await app.stores.lockout.reserve(dead, id, rules)

  t.test('keeps others waiting until it lapses', async (t) => {
    const answer = client().post(url, right('ada'))
    const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300))])
    t.equal(first, undefined)
    elapse(t, 10_000)
    t.equal((await answer).statusCode, 200)
  })

  t.test('or until they have waited long enough', async (t) => {
    for (const id of ['d', 'e', 'f']) await app.stores.lockout.reserve(dead, id, rules)
    const began = performance.now()
    const answers = await Promise.all([
      client().post(url, right('ada')),
      client().post(url, wrong('ada')),
    ])
    for (const answer of answers) refused(t, answer, 503, 'OVERLOADED')
    t.ok(performance.now() - began > 4_900)
  })
})

t.test('a check that did not happen does not count', async (t) => {
  const { client, signedUp } = await build(t, {
    ...guarded,
    LOCKOUT_TIERS: '5:5m',
    HASH_CONCURRENCY: '1',
    HASH_QUEUE_MAX: '0',
  })
  await signedUp('ada')
  let failed = 0
  while (failed < 4) {
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => client().post(url, wrong('ada'))),
    )
    const { 401: more = 0, 423: locked = 0, 503: shed = 0 } = statuses(answers)
    t.equal(more + locked + shed, 3)
    failed += more
  }
  t.ok(failed <= 5)
  const { statusCode } = await client().post(url, right('ada'))
  t.equal(statusCode, failed === 5 ? 423 : 200)
})

t.test('when the store fails, nobody is told whether a password is right', async (t) => {
  const setUp = async (t: Test, redis: RedisServer) => {
    const proxy = await startProxy(t, redis.port)
    const built = await build(t, { ...guarded, REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
    await built.signedUp('ada')
    return { ...built, proxy }
  }
  const redis = await startRedis(t)

  for (const [what, sent, body] of [
    ['before the check', 'lock:', right('ada')],
    ['after a wrong password', 'failed', wrong('ada')],
    ['after a right one', 'succeeded', right('ada')],
  ] as const) {
    t.test(what, async (t) => {
      const { client, proxy } = await setUp(t, redis)
      const lost = proxy.dropReplies(1, sent)
      const answer = await client().post(url, body)
      await lost
      refused(t, answer, 503, 'STORE_UNAVAILABLE')
      t.notOk('set-cookie' in answer.headers)
      await eventually(async () => (await client().post(url, right('ada'))).statusCode === 200)
    })
  }

  t.test('however many ask, all are answered in time', async (t) => {
    const { client } = await setUp(t, redis)
    await redis.kill('SIGSTOP')
    const began = ownTime()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => client().post(url, i % 2 ? right('ada') : wrong('ada'))),
    )
    t.ok(ownTime() - began < 2_000)
    t.strictSame(statuses(answers), { 503: 40 })
    await redis.kill('SIGCONT')
    await eventually(async () => (await client().post(url, right('ada'))).statusCode === 200)
  })
})
