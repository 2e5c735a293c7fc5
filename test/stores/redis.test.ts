import { Cluster, type Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import { open } from '../redis/open.js'
import { startRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-topologies.js'
import { accountContract } from './account-contract.js'
import { administrationContract } from './administration-contract.js'
import { invalidationContract } from './invalidation-contract.js'
import { mailContract } from './mail-contract.js'
import { recoveryContract } from './recovery-contract.js'
import { sessionContract } from './session-contract.js'
import type { Subject } from './subject.js'

interface Deployment {
  url: string
  /** A connection of the test's own to all of it, and one to each server. */
  raw: Redis | Cluster
  servers: Redis[]
}

const standalone = async (t: Test): Promise<Deployment> => {
  const server = await startRedis(t)
  const raw = await server.connect()
  return { url: server.url, raw, servers: [raw] }
}

const cluster = async (t: Test): Promise<Deployment> => {
  const { url, nodes } = await startCluster(t)
  const raw = new Cluster(nodes.map((node) => node.url))
  t.teardown(() => raw.disconnect())
  return { url, raw, servers: await Promise.all(nodes.map((node) => node.connect())) }
}

/** Moves every session back, whose times all count from its creation, and with them the end of the key. */
const ageSessions = `
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if not string.find(all[i], '.', 1, true) then
    local created, others = string.match(all[i + 1], '^(%d+)(.*)$')
    redis.call('HSET', KEYS[1], all[i], string.format('%.0f', created - ARGV[1]) .. others)
  end
end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left - ARGV[1])) end`

/** The same for its one-time tokens. */
const ageTokens = `
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= 'dropped' then
    local token = cjson.decode(all[i + 1])
    token.expires = token.expires - ARGV[1]
    redis.call('HSET', KEYS[1], all[i], cjson.encode(token))
  end
end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left - ARGV[1])) end`

const keys = createKeys('gh:')

const build = async (t: Test, { url, raw }: Deployment): Promise<Subject> => {
  const [{ stores }, { stores: elsewhere }] = [await open(t, { url }), await open(t, { url })]
  return {
    stores,
    elsewhere,
    age: async (userId, ms) => {
      await raw.eval(ageSessions, 1, keys.sessions(userId), ms)
      await raw.eval(ageTokens, 1, keys.once(userId), ms)
    },
    alter: async (userId, changes) => {
      const key = keys.account(userId)
      if (changes === undefined) await raw.del(key)
      if (changes?.isActive !== undefined) await raw.hset(key, 'active', Number(changes.isActive))
      if (changes?.email !== undefined) await raw.hset(key, 'email', changes.email)
      if (changes?.passwordVersion !== undefined) {
        await raw.hset(key, 'version', changes.passwordVersion)
      }
    },
  }
}

for (const [name, deploy] of [
  ['Redis', standalone],
  ['Redis Cluster', cluster],
] as const) {
  t.test(`${name} keeps the promises of`, async (t) => {
    const deployment = await deploy(t)
    const subject = await build(t, deployment)
    t.test('accounts', async (t) => accountContract(t, subject))
    t.test('administration', async (t) => administrationContract(t, subject))
    t.test('sessions', async (t) => sessionContract(t, subject))
    t.test('invalidations', async (t) => invalidationContract(t, subject))
    t.test('recovery', async (t) => recoveryContract(t, subject))
    t.test('mails', async (t) => mailContract(t, subject))

    t.test('and nothing but accounts and their indexes is kept for ever', async (t) => {
      const lasting = new Set<string>()
      for (const server of deployment.servers) {
        for (const key of await server.keys('*')) {
          const id = /^gh:u\{(\w+)\}(.*)$/.exec(key)
          const name = id ? `account${id[2]}` : key.replace(/(?<=email:)[\w-]{21}$/, '<hash>')
          if ((await server.pttl(key)) === -1) lasting.add(name)
        }
      }
      t.strictSame([...lasting].sort(), [
        'account',
        keys.admins,
        'gh:email:<hash>',
        keys.format,
        keys.users,
      ])
    })
  })
}
