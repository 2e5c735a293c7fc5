import { setTimeout } from 'node:timers/promises'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { clientsMax, createActivityWatch, strangerOf } from '../../src/abuse/activity.js'
import type { ActivityExchange } from '../../src/abuse/activity-exchange.js'
import { type Activity, type Appearance, judgeActivity } from '../../src/abuse/anomaly-rules.js'
import type { SharedActivity } from '../../src/abuse/deeds.js'
import { StoreUnavailable } from '../../src/errors.js'
import { refused } from '../support/answers.js'
import { build, type Device, eventually, password, person } from '../support/app.js'
import type { Client } from '../support/client.js'
import { elapse } from '../support/clock.js'
import { readJws, signJws } from '../support/jws.js'
import { ownTime } from '../support/own-time.js'
import { startRedis } from '../support/redis.js'

const minute = 60_000
const rules = { requestsMax: 30, routesMax: 10, failuresMax: 3 }

/** What browsers send of themselves. */
const browser = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  accept: '*/*',
  'accept-language': 'de',
  'accept-encoding': 'gzip, br',
}

const check = (answer: LightMyRequestResponse) => answer.headers['x-security-check']

/** Asks so often in turn, each time for something else if the URL is a function. */
const many = async (device: Client, times: number, url: string | ((i: number) => string)) => {
  const answers: LightMyRequestResponse[] = []
  for (let i = 0; i < times; i += 1) {
    answers.push(await device.get(typeof url === 'string' ? url : url(i)))
  }
  return answers
}

t.test('the rules', async (t) => {
  const quiet: Activity = { requests: 1, routes: 1, failures: 0 }
  const firefox: Appearance = { userAgent: browser['user-agent'], hasAcceptHeaders: true }
  const cases: [
    name: string,
    activity: Partial<Activity>,
    appearance: Partial<Appearance>,
    alone: string,
    inSession: string,
  ][] = [
    ['a quiet browser', {}, {}, 'none', 'none'],
    ['30 requests', { requests: 30 }, {}, 'none', 'none'],
    ['31 requests', { requests: 31 }, {}, 'high', 'none'],
    ['300 requests', { requests: 300 }, {}, 'high', 'none'],
    ['301 requests', { requests: 301 }, {}, 'high', 'high'],
    ['11 routes in 20 requests', { requests: 20, routes: 11 }, {}, 'none', 'none'],
    ['10 routes in 21 requests', { requests: 21, routes: 10 }, {}, 'none', 'none'],
    ['11 routes in 21 requests', { requests: 21, routes: 11 }, {}, 'high', 'none'],
    ['3 failures', { failures: 3 }, {}, 'none', 'none'],
    ['4 failures', { failures: 4 }, {}, 'high', 'high'],
    ['no Accept headers, 5 requests', { requests: 5 }, { hasAcceptHeaders: false }, 'none', 'none'],
    ['and 6', { requests: 6 }, { hasAcceptHeaders: false }, 'medium', 'medium'],
    ['no User-Agent', {}, { userAgent: '' }, 'none', 'none'],
    ...[
      'Googlebot/2.1',
      'Mozilla/5.0 (compatible; bingBOT/2.0)',
      'web-crawler',
      'Baiduspider+',
      'my-scraper',
      'curl/8.5.0',
      'Wget/1.21',
      'python-requests/2.31',
      'PostmanRuntime/7.36',
    ].map(
      (userAgent) => [userAgent, {}, { userAgent }, 'medium', 'medium'] as (typeof cases)[number],
    ),
    ['a bot that floods', { requests: 31 }, { userAgent: 'bot' }, 'high', 'medium'],
  ]
  for (const [name, activity, appearance, alone, inSession] of cases) {
    const judge = (hasSession: boolean) =>
      judgeActivity({ ...quiet, ...activity }, { ...firefox, ...appearance }, rules, hasSession)
    t.equal(judge(false), alone, name)
    t.equal(judge(true), inSession, `${name}, in a session`)
  }
  const strict = { requestsMax: 1, routesMax: 0, failuresMax: 0 }
  t.equal(judgeActivity({ ...quiet, requests: 2 }, firefox, strict, false), 'high')
  t.equal(judgeActivity({ ...quiet, failures: 1 }, firefox, strict, true), 'high')
})

t.test('what a client did within the last minute', async (t) => {
  t.test('is counted here, and forgotten after it', async (t) => {
    const watch = createActivityWatch(undefined, rules)
    t.strictSame(watch.request('a', '/x'), { requests: 1, failures: 0, routes: 1 })
    watch.failure('a')
    elapse(t, 30_000)
    t.strictSame(watch.request('a', '/y'), { requests: 2, failures: 1, routes: 2 })
    t.strictSame(watch.request('a', '/x'), { requests: 3, failures: 1, routes: 2 })
    t.strictSame(watch.request('b', '/x'), { requests: 1, failures: 0, routes: 1 })
    elapse(t, 27_000)
    t.match(watch.request('a', '/x'), { requests: 4, failures: 1 })
    t.match(watch.look('a'), { requests: 4, failures: 1 }, 'looking is not counted')
    t.strictSame(watch.look('nobody'), { requests: 0, failures: 0, routes: 0 })
    elapse(t, 3_000)
    t.strictSame(
      watch.request('a', '/x'),
      { requests: 4, failures: 0, routes: 2 },
      'the first is gone',
    )
    elapse(t, minute + 5_000)
    t.strictSame(watch.request('a', '/z'), { requests: 1, failures: 0, routes: 1 })
    watch.close()
  })

  t.test('is nothing that is older than a minute, whenever it began', async (t) => {
    const watch = createActivityWatch(undefined, rules)
    for (let tries = 0; tries < 8; tries += 1) {
      const client = `client ${tries}`
      watch.request(client, '/x')
      elapse(t, 57_900)
      t.match(watch.look(client), { requests: 1 })
      elapse(t, 2_100)
      t.match(watch.look(client), { requests: 0 })
      elapse(t, 313)
    }
    watch.close()
  })

  t.test('survives a clock that is put back', async (t) => {
    const watch = createActivityWatch(undefined, rules)
    for (let i = 0; i < 5; i += 1) watch.request('a', `/${i}`)
    elapse(t, -3_600_000)
    t.strictSame(watch.request('a', '/x'), { requests: 1, failures: 0, routes: 1 })
    watch.close()
  })

  t.test('tells routes apart only so far as the rule needs', async (t) => {
    for (const routesMax of [2, 10, 100]) {
      const watch = createActivityWatch(undefined, { ...rules, routesMax })
      let routes = 0
      for (let i = 0; i < 500; i += 1) routes = watch.request('a', `/${i}`).routes
      t.equal(routes, routesMax + 1)
      watch.close()
    }
  })

  t.test('begins anew after a block, which lasts as long as it says', async (t) => {
    const watch = createActivityWatch(undefined, rules)
    for (let i = 0; i < 40; i += 1) watch.request('a', '/x')
    watch.block('a', minute)
    t.equal(watch.blockedMs('b'), 0)
    elapse(t, minute - 5_000)
    t.ok(watch.blockedMs('a') > 0)
    elapse(t, 5_000)
    t.equal(watch.blockedMs('a'), 0)
    t.match(watch.request('a', '/x'), { requests: 1 })
    watch.close()
  })

  t.test('of very many clients stays within its bound', async (t) => {
    const messages = { shares: 0 }
    const exchange: ActivityExchange = {
      share: async () => {
        messages.shares += 1
        return { slices: [], routes: [] }
      },
      tell: async () => {},
      heard: async () => [],
      block: async () => {},
      blocks: async () => new Map(),
    }
    const watch = createActivityWatch(exchange, rules)
    t.teardown(() => watch.close())
    const size = () => {
      globalThis.gc?.()
      return process.memoryUsage().heapUsed / 2 ** 20
    }
    const before = size()
    for (let i = 0; i < 200_000; i += 1) {
      const client = `client ${i}`
      watch.request(client, `/${i}`)
      watch.failure(client)
      if (i % 4 === 0) watch.block(client, minute)
    }
    const { clients, blocked, waiting } = watch.stats()
    t.ok(clients <= clientsMax && blocked <= clientsMax && waiting <= clientsMax)
    t.ok(clients > clientsMax / 2)
    t.comment(`${clients} clients, ${blocked} blocks: ${(size() - before).toFixed(1)} MiB`)
    await eventually(async () => messages.shares > 0)
    t.ok(messages.shares <= 1_000, 'and so do the messages of one exchange')
  })
})

t.test('between instances', async (t) => {
  /** Two watches that hear each other, over an exchange that can be taken away. */
  const pair = (t: Test) => {
    const told = new Map<string, Map<string, SharedActivity>>()
    const blocked = new Map<string, number>()
    const state = { away: false }
    const news = new Map<string, string[]>([
      ['one', []],
      ['other', []],
    ])
    const exchange = (name: string): ActivityExchange => ({
      share: async (client, here) => {
        if (state.away) throw new StoreUnavailable()
        const all = told.get(client) ?? new Map<string, SharedActivity>()
        told.set(client, all.set(name, here))
        const others = [...all].filter(([other]) => other !== name).map(([, activity]) => activity)
        return {
          slices: others.flatMap(({ slices }) => slices),
          routes: others.flatMap(({ routes }) => routes),
        }
      },
      tell: async (clients) => {
        for (const one of news.values()) one.push(...clients)
      },
      heard: async () => {
        if (state.away) throw new StoreUnavailable()
        return news.get(name)?.splice(0) ?? []
      },
      block: async (client, ms) => {
        if (state.away) throw new StoreUnavailable()
        blocked.set(client, Date.now() + ms)
      },
      blocks: async () =>
        new Map([...blocked].map(([client, end]) => [client, end - Date.now()] as const)),
    })
    const watches = [
      createActivityWatch(exchange('one'), rules),
      createActivityWatch(exchange('other'), rules),
    ] as const
    t.teardown(() => {
      for (const watch of watches) watch.close()
    })
    return { one: watches[0], other: watches[1], state }
  }

  t.test('activity is added up, routes by name, and ages on its own', async (t) => {
    const { one, other } = pair(t)
    for (let i = 0; i < 9; i += 1) one.request('a', `/${i % 3}`)
    one.failure('a')
    for (let i = 0; i < 4; i += 1) other.request('a', `/${i}`)
    await eventually(async () => other.request('a', '/0').failures === 1)
    const before = other.request('a', '/0')
    t.match(before, { failures: 1, routes: 4 })
    t.ok(before.requests > 13)
    elapse(t, minute + 5_000)
    t.strictSame(other.request('a', '/0'), { requests: 1, failures: 0, routes: 1 })
  })

  t.test('half way to a rule it is known before the client comes', async (t) => {
    const { one, other } = pair(t)
    const client = strangerOf('a')
    for (let i = 0; i < 20; i += 1) one.request(client, '/x')
    await eventually(async () => other.stats().clients === 1)
    await eventually(async () => other.request(client, '/x').requests > 20)
    t.equal(other.stats().clients, 1)
  })

  t.test('a block is heard, and what led to it forgotten there too', async (t) => {
    const { one, other } = pair(t)
    for (let i = 0; i < 20; i += 1) other.request('a', '/x')
    one.block('a', minute)
    await eventually(async () => other.blockedMs('a') > 0)
    elapse(t, minute)
    t.match(other.request('a', '/x'), { requests: 1 })
  })

  t.test('with the store away each goes on by itself', async (t) => {
    const { one, other, state } = pair(t)
    state.away = true
    for (let i = 0; i < 9; i += 1) one.request('a', '/x')
    one.block('b', minute)
    await setTimeout(600)
    t.match(other.request('a', '/x'), { requests: 1 })
    t.ok(one.blockedMs('b') > 0 && other.blockedMs('b') === 0)
    t.match(one.request('a', '/x'), { requests: 10 })
  })
})

t.test('a client without a session', async (t) => {
  t.test('passes with 30 requests a minute, and is refused for a minute after', async (t) => {
    const { client, log } = await build(t, { ANOMALY_MODE: 'enforce' })
    const device = client(browser)
    for (const answer of await many(device, 30, '/api/profile')) {
      t.equal(answer.statusCode, 401)
      t.equal(check(answer), 'PASSED')
    }
    for (const answer of await many(device, 20, '/api/profile')) {
      refused(t, answer, 429, 'SUSPICIOUS_ACTIVITY_BLOCKED')
      t.notOk('x-security-check' in answer.headers)
      t.ok(Number(answer.headers['retry-after']) <= 60)
    }
    const events = log.filter(({ event }) => String(event).startsWith('anomaly'))
    t.match(events, [{ event: 'anomaly.blocked', reason: 'high' }])
    t.equal(events.length, 1)
    refused(t, await device.post('/api/auth/login', {}), 429, 'SUSPICIOUS_ACTIVITY_BLOCKED')
    refused(t, await device.get('/nowhere'), 429, 'SUSPICIOUS_ACTIVITY_BLOCKED')
    t.equal((await device.get('/health')).statusCode, 200, 'health takes no part')
    const another = client({ ...browser, 'user-agent': 'Mozilla/5.0 Safari' })
    t.equal((await another.get('/api/profile')).statusCode, 401, 'nor another browser there')
    elapse(t, minute)
    for (const answer of await many(device, 30, '/api/profile')) t.equal(answer.statusCode, 401)
  })

  t.test('is refused for looking around, unknown URLs a route each', async (t) => {
    const { client } = await build(t, { ANOMALY_MODE: 'enforce' })
    const scanner = await many(client(browser), 21, (i) => `/admin-${i}.php?x=1`)
    t.strictSame(
      scanner.map(({ statusCode }) => statusCode),
      [...Array(20).fill(404), 429],
    )
    const long = 'x'.repeat(300)
    const deep = await many(client({ ...browser, 'user-agent': 'b' }), 21, (i) => `/${long}/${i}`)
    t.equal(deep.at(-1)?.statusCode, 429, 'also if they differ far behind only')
    const reader = await many(client({ ...browser, 'user-agent': 'c' }), 30, (i) => `/n?page=${i}`)
    t.equal(reader.at(-1)?.statusCode, 404, 'but a query makes no other route')
  })

  t.test('is refused for the fourth failed authentication', async (t) => {
    const { client, signedUp } = await build(t, { ANOMALY_MODE: 'enforce' })
    const ada = await signedUp('ada')
    const { header, claims } = readJws(ada.cookies('/').access_token)
    const forged = signJws(header, claims, 'another secret of thirty-two bytes')
    const stuffer = client(browser)
    for (const send of [
      () => stuffer.post('/api/auth/login', { email: 'a@example.com', password: 'x' }),
      () => stuffer.get('/api/profile', { authorization: `Bearer ${forged}` }),
      () => stuffer.post('/api/auth/refresh', { refreshToken: 'odd' }),
      () => stuffer.post('/api/auth/login', { email: 'b@example.com', password: 'x' }),
    ]) {
      const { statusCode } = await send()
      t.ok([401, 403].includes(statusCode))
    }
    refused(t, await stuffer.get('/api/profile'), 429, 'SUSPICIOUS_ACTIVITY_BLOCKED')
    t.equal((await ada.get('/api/profile', browser)).statusCode, 200, 'no session is')
  })

  t.test('not for tokens that are missing or have expired', async (t) => {
    const { client, signedUp } = await build(t, { ANOMALY_MODE: 'enforce' })
    const ada = await signedUp('ada')
    const { access_token: access = '', refresh_token: refresh = '' } = ada.cookies()
    elapse(t, 8 * 24 * 60 * minute)
    const device = client(browser)
    for (let i = 0; i < 6; i += 1) {
      const bearer = await device.get('/api/profile', { authorization: `Bearer ${access}` })
      refused(t, bearer, 401, 'TOKEN_EXPIRED', { requiresRefresh: true })
      t.equal((await device.post('/api/auth/refresh')).statusCode, 401)
      const expired = await device.post('/api/auth/refresh', { refreshToken: refresh })
      refused(t, expired, 403, 'REFRESH_FAILED')
      const cookie = await device.post('/api/auth/refresh', undefined, {
        cookie: `refresh_token=${refresh}`,
      })
      refused(t, cookie, 403, 'REFRESH_FAILED')
    }
    t.equal(check(await device.get('/api/profile')), 'PASSED')
    const odd = ['x.y.z', 'e30.e30.x', `e30.${Buffer.from('null').toString('base64url')}.x`, '.']
    for (const refreshToken of odd) await device.post('/api/auth/refresh', { refreshToken })
    refused(t, await device.get('/api/profile'), 429, 'SUSPICIOUS_ACTIVITY_BLOCKED')
  })

  t.test('is marked, no more, for being a tool, or shy', async (t) => {
    const { client, log } = await build(t, { ANOMALY_MODE: 'enforce' })
    const curl = client({ ...browser, 'user-agent': 'curl/8.5.0' })
    for (const answer of await many(curl, 8, '/api/profile')) t.equal(check(answer), 'FLAGGED')
    const shy = await many(client({ 'user-agent': 'x' }), 8, '/api/profile')
    t.strictSame(shy.map(check), [...Array(5).fill('PASSED'), ...Array(3).fill('FLAGGED')])
    const events = log.filter(({ event }) => event === 'anomaly.flagged')
    t.match(events, [{ reason: 'medium' }, { reason: 'medium' }])
    t.equal(events.length, 2, 'each client once a minute')
    elapse(t, minute)
    await curl.get('/api/profile')
    t.equal(log.filter(({ event }) => event === 'anomaly.flagged').length, 3)
  })
})

t.test('every answer but those to a block is marked, errors too', async (t) => {
  const { client, app, signedUp } = await build(t, {
    ANOMALY_MODE: 'enforce',
    RATE_LIMIT_MAX_REQUESTS: '12',
  })
  const ada = await signedUp('ada')
  const foreign = { origin: 'https://evil.example' }
  const device = client(browser)
  const answers = {
    200: await ada.get('/api/profile', browser),
    401: await device.get('/api/profile'),
    400: await device.post('/api/auth/login', '{'),
    415: await device.post('/api/auth/login', 'x', { 'content-type': 'text/plain' }),
    413: await device.post('/api/auth/login', 'x'.repeat(70_000)),
    403: await device.post('/api/auth/login', {}, foreign),
    404: await device.get('/api/nowhere'),
    405: await device.get('/nowhere'),
  }
  for (const [status, answer] of Object.entries(answers)) {
    t.equal(answer.statusCode, Number(status) === 405 ? 404 : Number(status))
    t.equal(check(answer), 'PASSED', status)
  }
  const curl = client({ ...browser, 'user-agent': 'curl/8.5.0' })
  t.equal(check(await curl.post('/api/auth/login', {}, foreign)), 'FLAGGED')
  await many(device, 12, '/api/profile')
  for (const url of ['/api/profile', '/nowhere']) {
    const limited = await device.get(url)
    refused(t, limited, 429, 'RATE_LIMIT_EXCEEDED')
    t.equal(check(limited), 'PASSED')
    t.equal(check(await curl.get(url)), 'FLAGGED')
  }
  for (const url of ['/health', '/health/live', '/health/ready']) {
    t.notOk('x-security-check' in (await app.inject(url)).headers, `${url} takes no part`)
  }
})

t.test('observing, everything is marked and nobody refused', async (t) => {
  const { client, log } = await build(t, { ANOMALY_MODE: 'observe' })
  const answers = await many(client(browser), 50, '/api/profile')
  t.strictSame(answers.map(check), [...Array(30).fill('PASSED'), ...Array(20).fill('FLAGGED')])
  t.ok(answers.every(({ statusCode }) => statusCode === 401))
  t.match(
    log.filter(({ event }) => event === 'anomaly.flagged'),
    [{ reason: 'high' }],
  )
})

t.test('off, nothing is', async (t) => {
  const { client } = await build(t, { ANOMALY_MODE: 'off' })
  for (const answer of await many(client(browser), 40, '/api/profile')) {
    t.equal(answer.statusCode, 401)
    t.notOk('x-security-check' in answer.headers)
  }
})

t.test('an office behind one address, with one managed browser', async (t) => {
  const { client, signedUp } = await build(t, { ANOMALY_MODE: 'enforce' })
  const people: Device[] = []
  for (let i = 0; i < 12; i += 1) people.push(await signedUp(`person-${i}`))

  t.test('may do in sessions what no single client may', async (t) => {
    for (let round = 0; round < 20; round += 1) {
      for (const one of people) {
        const answer = await one.get(round % 2 ? '/api/profile' : '/api/auth/session', browser)
        t.equal(answer.statusCode, 200)
        t.equal(check(answer), 'PASSED')
      }
    }
    for (const one of people) {
      t.equal((await one.post('/api/auth/refresh', undefined, browser)).statusCode, 200)
    }
  })

  t.test('is not blocked by noise from the same place', async (t) => {
    await many(client(browser), 40, '/api/profile')
    refused(t, await client(browser).get('/api/profile'), 429, 'SUSPICIOUS_ACTIVITY_BLOCKED')
    for (const one of people) {
      t.equal((await one.get('/api/profile', browser)).statusCode, 200)
      t.equal((await one.post('/api/auth/refresh', undefined, browser)).statusCode, 200)
      t.equal((await one.post('/api/auth/refresh', undefined, browser)).statusCode, 200)
    }
  })

  t.test('unless one session alone does what ten people would not', async (t) => {
    const [hasty, other] = people
    const answers = hasty ? await many(hasty, 320, '/api/profile') : []
    t.equal(answers.findIndex(({ statusCode }) => statusCode === 429) > 250, true)
    t.equal((await other?.get('/api/profile'))?.statusCode, 200)
    t.ok(hasty?.cookies().refresh_token, 'and nobody is signed out by it')
  })
})

t.test('on one Redis, counts and blocks are known to all within a second', async (t) => {
  const redis = await startRedis(t)
  const shared = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'anomaly:', ANOMALY_MODE: 'enforce' }
  const [one, other] = [await build(t, shared), await build(t, shared)] as const
  const both = [one.client(browser), other.client(browser)] as const
  for (const device of both) await many(device, 18, '/api/profile')
  const began = ownTime()
  await eventually(async () => (await both[1].get('/api/profile')).statusCode === 429)
  t.ok(ownTime() - began < 1_000)
  const blockedAt = ownTime()
  await eventually(async () => (await both[0].get('/api/profile')).statusCode === 429)
  const ms = ownTime() - blockedAt
  t.comment(`the other instance refused after ${Math.round(ms)} ms`)
  t.ok(ms < 1_000)
  let versions = 2
  // By asking, the other instance learns of a client by itself: each try is one of its own.
  await eventually(async () => {
    versions += 1
    const third = { ...browser, 'user-agent': `Third/${versions}.0` }
    await many(one.client(third), 30, '/api/profile')
    await setTimeout(1_000)
    return (await other.client(third).get('/api/profile')).statusCode === 429
  })
  const late = await build(t, shared)
  await eventually(async () => (await late.client(browser).get('/api/profile')).statusCode === 429)
  const watching = await build(t, { ...shared, ANOMALY_MODE: 'observe' })
  await setTimeout(700)
  t.equal((await watching.client(browser).get('/api/profile')).statusCode, 401)
  const { email } = person('ada')
  refused(
    t,
    await both[0].post('/api/auth/login', { email, password }),
    429,
    'SUSPICIOUS_ACTIVITY_BLOCKED',
  )
})
