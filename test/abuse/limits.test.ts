import { setTimeout } from 'node:timers/promises'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { networkOf } from '../../src/abuse/address.js'
import type { CounterExchange, SharedCount } from '../../src/abuse/counter-exchange.js'
import { createCounters, keysMax } from '../../src/abuse/counters.js'
import { createLines } from '../../src/abuse/lines.js'
import { StoreUnavailable } from '../../src/errors.js'
import { randomId } from '../../src/ids.js'
import { refused } from '../support/answers.js'
import { build, eventually, password, person } from '../support/app.js'
import { elapse } from '../support/clock.js'
import { ownTime } from '../support/own-time.js'
import { startRedis } from '../support/redis.js'

const minute = 60_000
const at = (address: string) => ({ 'x-forwarded-for': address })
const login = '/api/auth/login'
const guess = (name: string) => ({ email: `${name}@example.com`, password: 'Wrong-Onion-31' })

/** What an answer says of the limit. */
const told = ({ headers }: LightMyRequestResponse) => ({
  limit: Number(headers['ratelimit-limit']),
  remaining: Number(headers['ratelimit-remaining']),
  reset: Number(headers['ratelimit-reset']),
})

const tally = (answers: LightMyRequestResponse[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { statusCode } of answers) counts[statusCode] = (counts[statusCode] ?? 0) + 1
  return counts
}

t.test('the network that counts as one client', async (t) => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['192.0.2.1:50123', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['::1', '::/64'],
    ['', 'unknown'],
    ['nonsense', 'unknown'],
    ['a'.repeat(5_000), 'unknown'],
    ['192.0.2.1, 192.0.2.2', 'unknown'],
  ] as const) {
    t.equal(networkOf(address), network, address.slice(0, 40))
  }
})

t.test('requests', async (t) => {
  t.test('are told how many are left, and refused past that', async (t) => {
    const { client, log } = await build(t, { RATE_LIMIT_MAX_REQUESTS: '5' })
    const device = client()
    for (const remaining of [4, 3, 2, 1, 0]) {
      const answer = await device.get('/api/profile')
      t.equal(answer.statusCode, 401)
      t.match(told(answer), { limit: 5, remaining })
      t.ok(told(answer).reset > 890 && told(answer).reset <= 900, 'seconds to the end')
      t.strictSame(
        Object.keys(answer.headers).filter((name) => name.startsWith('x-ratelimit')),
        [],
      )
    }
    for (let i = 0; i < 20; i += 1) {
      const answer = await device.post(login, guess('ada'))
      refused(t, answer, 429, 'RATE_LIMIT_EXCEEDED')
      t.match(told(answer), { limit: 5, remaining: 0 })
      t.equal(Number(answer.headers['retry-after']), told(answer).reset)
    }
    const events = log.filter(({ event }) => event === 'rate_limit.exceeded')
    t.match(events, [{ reason: 'requests' }])
    t.equal(events.length, 1, 'once a window is enough')
    elapse(t, 15 * minute)
    t.match(told(await device.get('/api/profile')), { remaining: 4 }, 'the window is over')
  })

  t.test('count wherever they go, but to health and preflights', async (t) => {
    const { client, app } = await build(t, { RATE_LIMIT_MAX_REQUESTS: '8' })
    const device = client()
    const sent = [
      await device.get('/api/nowhere'),
      await device.get('/wp-admin/setup.php?x=1'),
      await device.post('/nowhere', 'text', { 'content-type': 'text/plain' }),
      await device.post('/nowhere', { big: 'x'.repeat(70_000) }),
      await device.delete('/api/profile/photo'),
      await device.post('/api/auth/refresh'),
      await device.post('/api/auth/logout', 'text', { 'content-type': 'text/plain' }),
      await device.get('/api/profile'),
    ]
    t.strictSame(
      sent.map((answer) => told(answer).remaining),
      [7, 6, 5, 4, 3, 2, 1, 0],
    )
    for (const url of ['/health', '/health/live', '/health/ready']) {
      for (let i = 0; i < 12; i += 1) {
        const answer = await device.get(url)
        t.notOk('ratelimit-limit' in answer.headers)
        t.equal(answer.statusCode, 200)
      }
    }
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: login,
      headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' },
    })
    t.equal(preflight.statusCode, 204)
    for (const url of ['/api/nowhere', '/wp-admin', '/api/profile']) {
      refused(t, await device.get(url), 429, 'RATE_LIMIT_EXCEEDED')
    }
    refused(t, await device.post('/x', '', { 'content-type': 'x' }), 429, 'RATE_LIMIT_EXCEEDED')
  })

  t.test('of a signed-in person count by account, of others by address', async (t) => {
    const { client, signedUp, signedIn } = await build(t, {
      RATE_LIMIT_MAX_REQUESTS: '6',
      RATE_LIMIT_USER_MAX: '10',
      TRUST_PROXY: 'loopback',
    })
    const [ada, bob] = [await signedUp('ada'), await signedUp('bob')]
    const phone = await signedIn('ada')
    t.match(told(await ada.get('/api/profile')), { limit: 10, remaining: 9 })
    t.match(told(await phone.get('/api/profile', at('192.0.2.9'))), { limit: 10, remaining: 8 })
    t.match(told(await bob.get('/api/profile')), { limit: 10, remaining: 9 }, 'each its own')
    t.match(told(await client().get('/api/profile')), { limit: 6, remaining: 2 }, 'three entered')
    for (let i = 0; i < 5; i += 1) await client().get('/api/profile')
    refused(t, await client().get('/api/profile'), 429, 'RATE_LIMIT_EXCEEDED')
    t.equal((await bob.get('/api/profile')).statusCode, 200, 'noise does not touch them')
    for (let i = 0; i < 8; i += 1) t.equal((await ada.get('/api/profile')).statusCode, 200)
    refused(t, await phone.get('/api/profile'), 429, 'RATE_LIMIT_EXCEEDED')
    t.match(await ada.cookies(), { access_token: String }, 'and nobody is signed out by it')
  })

  t.test('count by /64 of IPv6, and mapped addresses as what they are', async (t) => {
    const { client } = await build(t, { RATE_LIMIT_MAX_REQUESTS: '4', TRUST_PROXY: 'loopback' })
    const left = async (address: string) =>
      told(await client(at(address)).get('/api/profile')).remaining
    t.strictSame(
      [
        await left('2001:db8::1'),
        await left('2001:db8::ffff:1'),
        await left('2001:db8:0:0:8000::'),
        await left('2001:db8:0:1::1'),
        await left('192.0.2.1'),
        await left('::ffff:192.0.2.1'),
      ],
      [3, 2, 1, 3, 3, 2],
    )
  })
})

t.test('instances on one Redis', async (t) => {
  const redis = await startRedis(t)
  const build2 = async (t: Test, variables: Record<string, string>) => {
    const shared = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: `${randomId()}:` }
    return [
      await build(t, { ...shared, ...variables }),
      await build(t, { ...shared, ...variables }),
    ] as const
  }

  t.test('know of each other within a second', async (t) => {
    const [one, other] = await build2(t, { RATE_LIMIT_MAX_REQUESTS: '50' })
    for (let i = 0; i < 30; i += 1) await one.client().get('/api/profile')
    const began = ownTime()
    let seen = 0
    let asked = 0
    while (seen < 30) {
      asked += 1
      const { remaining } = told(await other.client().get('/api/profile'))
      seen = 50 - remaining - asked
      await setTimeout(50)
    }
    const ms = ownTime() - began
    t.comment(`the other instance knew after ${Math.round(ms)} ms`)
    t.ok(ms < 1_000, `${ms} ms`)
  })

  t.test('know it of an address that has not come to them yet', async (t) => {
    const network = { TRUST_PROXY: 'loopback', RATE_LIMIT_MAX_REQUESTS: '20' }
    const [one, other] = await build2(t, network)
    let address = 0
    let first: LightMyRequestResponse | undefined
    // By asking, the other instance learns of an address by itself: each try is one of its own.
    await eventually(async () => {
      address += 1
      const from = { 'x-forwarded-for': `192.0.2.${address}` }
      for (let i = 0; i < 20; i += 1) await one.client(from).get('/api/profile')
      await setTimeout(1_000)
      first = await other.client(from).get('/api/profile')
      return first.statusCode === 429
    })
    if (first) refused(t, first, 429, 'RATE_LIMIT_EXCEEDED')
  })

  t.test('let through no more than the limit, and what comes within an exchange', async (t) => {
    const [one, other] = await build2(t, { RATE_LIMIT_MAX_REQUESTS: '40' })
    const seen: LightMyRequestResponse[] = []
    const times: number[] = []
    const began = ownTime()
    for (let i = 0; ownTime() - began < 2_500; i += 1) {
      times.push(ownTime())
      seen.push(await (i % 2 ? one : other).client().get('/api/profile'))
      await setTimeout(5)
    }
    const passed = tally(seen)[401] ?? 0
    const within = (from: number) => times.filter((at) => at >= from && at < from + 1_000).length
    const bound = 40 + Math.max(...times.map(within))
    t.comment(`${passed} of ${seen.length} passed a limit of 40 over two instances`)
    t.ok(passed >= 40 && passed <= bound, `${passed}, at most ${bound}`)
  })

  t.test('go on by themselves while it is away, and agree when it is back', async (t) => {
    const server = await startRedis(t)
    const shared = { REDIS_URL: server.url, REDIS_KEY_PREFIX: 'away:' }
    const limit = { ...shared, RATE_LIMIT_MAX_REQUESTS: '20' }
    const [one, other] = [await build(t, limit), await build(t, limit)]
    await server.kill('SIGKILL')
    for (const { client } of [one, other]) {
      const answers = []
      for (let i = 0; i < 15; i += 1) answers.push(await client().get('/api/profile'))
      t.strictSame(tally(answers), { 401: 15 }, 'each lets through what is its own')
    }
    await server.start()
    await eventually(async () => (await one.client().get('/api/profile')).statusCode === 429)
    const { remaining } = told(await other.client().get('/api/profile'))
    t.ok(remaining <= 5)
  })
})

t.test('counts', async (t) => {
  /** An exchange that answers when it is told to. */
  const stub = () => {
    const sums = new Map<string, number>()
    const state = { away: false, calls: 0 }
    const news: SharedCount[] = []
    const exchange: CounterExchange = {
      add: async (key, delta, leftMs) => {
        state.calls += 1
        if (state.away) throw new StoreUnavailable()
        sums.set(key, (sums.get(key) ?? 0) + delta)
        return { total: sums.get(key) ?? 0, leftMs }
      },
      tell: async (counts) => {
        news.push(...counts)
      },
      heard: async () => {
        if (state.away) throw new StoreUnavailable()
        return news.splice(0)
      },
    }
    return { exchange, sums, state, news }
  }

  t.test('of very many addresses stay within their bound', async (t) => {
    const { exchange, state } = stub()
    const counters = createCounters(exchange)
    t.teardown(() => counters.close())
    for (let i = 0; i < 200_000; i += 1) counters.count(`address:${i}`, minute, 1_000)
    t.strictSame(counters.stats(), { keys: keysMax, waiting: keysMax })
    for (let i = 0; i < 50; i += 1) counters.count('address:busy', minute, 1_000)
    await eventually(async () => state.calls > 0)
    t.ok(state.calls <= 2_000, 'and so do the messages of one exchange')
  })

  t.test('of those who insist are told before those who come once', async (t) => {
    const { exchange, sums } = stub()
    const counters = createCounters(exchange)
    t.teardown(() => counters.close())
    for (let i = 0; i < 20_000; i += 1) counters.count(`address:${i}`, minute, 1_000)
    for (let i = 0; i < 50; i += 1) counters.count('address:busy', minute, 1_000)
    await eventually(async () => sums.size > 0)
    t.equal(sums.get('address:busy'), 50)
  })

  t.test('that could not be told are told later, and none is lost', async (t) => {
    const { exchange, sums, state } = stub()
    const counters = createCounters(exchange)
    t.teardown(() => counters.close())
    state.away = true
    for (let i = 0; i < 7; i += 1) counters.count('k', minute, 1_000)
    await eventually(async () => state.calls >= 2)
    t.equal(counters.count('k', minute, 1_000).current, 8, 'what is known here holds')
    state.away = false
    await eventually(async () => sums.get('k') === 8)
    sums.set('k', 100)
    counters.count('k', minute, 1_000)
    await eventually(async () => sums.get('k') === 101)
    t.equal(counters.count('k', minute, 1_000).current, 102)
  })

  t.test('near their limit are told, and believed where nothing is known', async (t) => {
    const { exchange, sums, news } = stub()
    const counters = createCounters(exchange)
    t.teardown(() => counters.close())
    const current = (key: string) => counters.count(key, minute, 10).current
    for (let i = 0; i < 5; i += 1) current('near')
    current('far')
    sums.set('new', 9)
    news.push({ key: 'new', total: 9, leftMs: minute }, { key: 'over', total: 9, leftMs: 0 })
    await eventually(async () => counters.stats().keys === 3)
    t.equal(current('new'), 10)
    t.equal(current('over'), 1)
    await eventually(async () => news.length === 0)
    news.push({ key: 'new', total: 2, leftMs: minute }, { key: 'far', total: 7, leftMs: minute })
    await eventually(async () => news.length === 0)
    await eventually(async () => current('far') > 7)
    t.ok(current('new') > 9, 'what is less than known is old')
  })

  t.test('begin anew when their window is over', async (t) => {
    const counters = createCounters(undefined)
    t.match(counters.count('k', minute, 1_000), { current: 1, leftMs: minute })
    t.match(counters.count('k', minute, 1_000), { current: 2 })
    t.strictSame([counters.isFirstReport('k'), counters.isFirstReport('k')], [true, false])
    elapse(t, minute)
    t.match(counters.count('k', minute, 1_000), { current: 1 })
    t.equal(counters.isFirstReport('k'), true)
    t.equal(counters.isFirstReport('never counted'), false)
    counters.close()
  })
})

t.test('failed sign-ins and refused registrations', async (t) => {
  const limits = { AUTH_RATE_LIMIT_MAX: '5', TRUST_PROXY: 'loopback' }

  t.test('share one limit, past which refreshes and live sessions pass', async (t) => {
    const { client, signedUp, log } = await build(t, limits)
    const ada = await signedUp('ada')
    await signedUp('bob')
    const register = (name: string) => client().post('/api/auth/register', person(name))
    t.equal((await client().post(login, guess('ada'))).statusCode, 401)
    t.equal((await client().post(login, guess('nobody'))).statusCode, 401)
    t.equal((await register('bob')).statusCode, 409)
    t.equal(
      (await client().post('/api/auth/register', { ...person('eve'), password: 'x' })).statusCode,
      400,
    )
    t.equal((await client().post(login, { email: 'odd', password })).statusCode, 400)
    t.equal((await client().post(login, { email: person('ada').email, password })).statusCode, 200)
    t.equal((await register('ann')).statusCode, 201)
    t.equal((await register('ada')).statusCode, 409)
    t.equal((await client().post(login, guess('kim'))).statusCode, 401)

    const right = { email: person('ada').email, password }
    const refusals = [
      await client().post(login, guess('ada')),
      await client().post(login, right),
      await ada.post(login, right),
      await register('joe'),
    ]
    for (const answer of refusals) {
      refused(t, answer, 429, 'AUTH_RATE_LIMIT_EXCEEDED')
      t.match(told(answer), { limit: 5, remaining: 0 })
      t.equal(Number(answer.headers['retry-after']), told(answer).reset)
      t.ok(told(answer).reset > 880 && told(answer).reset <= 900)
      t.notOk('set-cookie' in answer.headers)
    }
    t.match(log.at(-1), { event: 'rate_limit.exceeded', reason: 'failures' })
    t.equal((await ada.post('/api/auth/refresh')).statusCode, 200)
    t.equal((await ada.get('/api/profile')).statusCode, 200)
    t.equal((await client(at('192.0.2.7')).post(login, right)).statusCode, 200, 'by address')
    elapse(t, 15 * minute)
    t.equal((await client().post(login, right)).statusCode, 200)
  })

  t.test('are limited exactly, however many come at once to however many instances', async (t) => {
    const redis = await startRedis(t)
    const shared = { ...limits, REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'exact:' }
    const apps = [await build(t, shared), await build(t, shared)] as const
    await apps[0].signedUp('ada')
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => {
        const { client } = apps[i % 2 ? 1 : 0]
        return i % 3 === 0
          ? client().post('/api/auth/register', person('ada'))
          : client().post(login, guess(`n${i}`))
      }),
    )
    const { 401: failed = 0, 409: taken = 0, 429: limited = 0 } = tally(answers)
    t.comment(`${failed} failures and ${taken} refusals of 60 in parallel, limit 5`)
    t.equal(failed + taken, 5)
    t.equal(limited, 55)
  })

  t.test('do not keep an office from signing in at nine', async (t) => {
    const { client, signedUp } = await build(t, limits)
    await signedUp('ada')
    const right = { email: person('ada').email, password }
    await client().post(login, guess('ada'))
    const answers = await Promise.all(Array.from({ length: 40 }, () => client().post(login, right)))
    t.strictSame(tally(answers), { 200: 40 })
  })

  t.test('are refused while the store is away', async (t) => {
    const redis = await startRedis(t)
    const { client, signedUp } = await build(t, { ...limits, REDIS_URL: redis.url })
    await signedUp('ada')
    await redis.kill('SIGKILL')
    for (const body of [guess('ada'), { email: person('ada').email, password }]) {
      refused(t, await client().post(login, body), 503, 'STORE_UNAVAILABLE')
    }
  })
})

t.test('a line of those who wait', async (t) => {
  t.test('is served in its order, one asking at a time', async (t) => {
    const { untilFree, freed } = createLines()
    let places = 0
    let asking = 0
    let most = 0
    const served: number[] = []
    const ask = async () => {
      asking += 1
      most = Math.max(most, asking)
      await setTimeout(1)
      asking -= 1
      if (places === 0) return { outcome: 'wait' }
      places -= 1
      return { outcome: 'go' }
    }
    const all = Array.from({ length: 12 }, async (_, i) => {
      t.match(await untilFree('k', ask), { outcome: 'go' })
      served.push(i)
      await setTimeout(2)
      places += 1
      freed('k')
    })
    t.equal(most, 12, 'where nobody waits, each asks for itself')
    await setTimeout(5)
    most = 0
    places = 1
    freed('k')
    await Promise.all(all)
    t.equal(most, 1)
    t.strictSame(served, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    freed('nobody waits for this')
  })

  t.test('is told together when the store fails, and starts anew', async (t) => {
    const { untilFree } = createLines()
    let calls = 0
    let isAway = false
    const ask = async () => {
      calls += 1
      await setTimeout(5)
      if (isAway) throw new StoreUnavailable()
      return { outcome: 'wait' }
    }
    const all = Array.from({ length: 50 }, () => untilFree('k', ask))
    const ends = Promise.allSettled(all)
    await setTimeout(20)
    isAway = true
    calls = 0
    t.ok((await ends).every(({ status }) => status === 'rejected'))
    t.ok(calls <= 1, 'none but the first has asked')
    t.match(await untilFree('k', async () => ({ outcome: 'go' })), { outcome: 'go' })
  })
})
