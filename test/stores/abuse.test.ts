import { Cluster, type Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { openEmbedded } from '../../src/embedded/index.js'
import { randomId } from '../../src/ids.js'
import { createKeys } from '../../src/redis/keys.js'
import { open } from '../redis/open.js'
import { eventually } from '../support/app.js'
import { startRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-topologies.js'
import {
  type AbuseSubject,
  agreeOnLockout,
  attemptContract,
  eventContract,
  exchangeContract,
  lockoutContract,
  rules,
} from './abuse-contract.js'
import { hour } from './subject.js'

const embedded = (t: Test): AbuseSubject => {
  let ahead = 0
  const stores = openEmbedded(t.testdir(), () => Date.now() + ahead)
  t.teardown(() => stores.close())
  return {
    stores,
    elsewhere: stores,
    age: async (_what, ms) => {
      ahead += ms
    },
  }
}

/** Moves every time of what is remembered of an email back; hours move by whole ones. */
const ageLockout = `
local ms, hours = tonumber(ARGV[1]), tonumber(ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then return end
local shifted = {}
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  if field == 'held' then
    local held = cjson.decode(value)
    for _, check in pairs(held) do check.lapses = check.lapses - ms end
    value = cjson.encode(held)
  elseif string.sub(field, 1, 2) == 'h:' then
    field = 'h:' .. (tonumber(string.sub(field, 3)) - hours)
  else
    local source = cjson.decode(value)
    source.lockedUntil = source.lockedUntil - ms
    source.forgetAt = source.forgetAt - ms
    value = cjson.encode(source)
  end
  shifted[#shifted + 1] = { field, value }
end
redis.call('DEL', KEYS[1])
if left <= ms then return end
for _, pair in ipairs(shifted) do redis.call('HSET', KEYS[1], pair[1], pair[2]) end
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left - ms))`

const ageAttempts = `
local ms = tonumber(ARGV[1])
local stored, left = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
if not stored then return end
redis.call('DEL', KEYS[1])
if left <= ms then return end
local attempts = cjson.decode(stored)
if attempts.resetAt > 0 then attempts.resetAt = attempts.resetAt - ms end
for id, lapses in pairs(attempts.held) do attempts.held[id] = lapses - ms end
redis.call('SET', KEYS[1], cjson.encode(attempts), 'PX', string.format('%.0f', left - ms))`

const keys = createKeys('gh:')

const redis = async (
  t: Test,
  { url, raw }: { url: string; raw: Redis | Cluster },
): Promise<AbuseSubject> => {
  const [{ stores }, { stores: elsewhere }] = [await open(t, { url }), await open(t, { url })]
  let aged = 0
  return {
    stores,
    elsewhere,
    age: async (what, ms) => {
      if ('attempts' in what) await raw.eval(ageAttempts, 1, keys.attempts(what.attempts), ms)
      else {
        // As many full hours as a clock that is put forward would pass.
        const hourAt = (ahead: number) => Math.floor((Date.now() + ahead) / hour)
        const hours = hourAt(aged + ms) - hourAt(aged)
        aged += ms
        await raw.eval(ageLockout, 1, keys.lockout(what.email), ms, hours)
      }
    },
  }
}

const standalone = async (t: Test) => {
  const server = await startRedis(t)
  return { url: server.url, raw: await server.connect() }
}

const cluster = async (t: Test) => {
  const { url, nodes } = await startCluster(t)
  const raw = new Cluster(nodes.map((node) => node.url))
  t.teardown(() => raw.disconnect())
  return { url, raw }
}

/** Resolves when every server of a Cluster is connected: 'connected' comes with the first. */
const reachesAll = async ({ stores, elsewhere }: AbuseSubject): Promise<void> => {
  const reach = async () => {
    for (let i = 0; i < 30; i += 1) {
      for (const { attempts } of [stores, elsewhere]) {
        await attempts.reserve(randomId(), 'a', { max: 1, windowMs: 1 })
      }
    }
  }
  await eventually(() =>
    reach().then(
      () => true,
      () => false,
    ),
  )
}

const contracts = (t: Test, subject: AbuseSubject): void => {
  t.test('lockout', async (t) => lockoutContract(t, subject))
  t.test('attempts', async (t) => attemptContract(t, subject))
  t.test('events', async (t) => eventContract(t, subject))
}

t.test('the embedded store keeps the promises of', async (t) => contracts(t, embedded(t)))

t.test('Redis keeps the promises of', async (t) => {
  const deployment = await standalone(t)
  const subject = await redis(t, deployment)
  contracts(t, subject)
  t.test('exchanges', async (t) => exchangeContract(t, subject))

  t.test('and keeps nothing of it for ever but the capped events, beside the format', async (t) => {
    const lasting: string[] = []
    for (const key of await deployment.raw.keys('*')) {
      if ((await deployment.raw.pttl(key)) === -1) lasting.push(key)
    }
    t.strictSame(lasting.sort(), [keys.events, keys.format])
  })
})

t.test('Redis Cluster keeps the promises of', async (t) => {
  const subject = await redis(t, await cluster(t))
  await reachesAll(subject)
  t.test('attempts', async (t) => attemptContract(t, subject))
  t.test('exchanges', async (t) => exchangeContract(t, subject))

  t.test('lockout and events, whose scripts have one key each', async (t) => {
    const who = { email: 'ada@example.com', source: '192.0.2.1', isKnownDevice: false }
    t.strictSame(await subject.stores.lockout.reserve(who, 'a', rules), { outcome: 'go' })
    t.equal(await subject.elsewhere.lockout.settle(who, 'a', 'failed', rules), 0)
    const event = { type: 'logout', time: 1, requestId: 'r', ip: '', userAgent: '' } as const
    await subject.stores.events.append([event])
    t.strictSame(await subject.elsewhere.events.list({ limit: 1 }), { events: [event] })
  })
})

t.test('the rules in Lua are those in TypeScript', async (t) => {
  await agreeOnLockout(embedded(t), await redis(t, await standalone(t)))
  t.pass('whatever is asked, in whatever order')
})
