import t, { type Test } from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import { open } from '../redis/open.js'
import { startRedis } from '../support/redis.js'
import { accountContract } from './account-contract.js'
import { invalidationContract } from './invalidation-contract.js'
import { sessionContract } from './session-contract.js'
import type { Subject } from './subject.js'

/** Moves every time of every session back, and with them the life of the key. */
const ageSessions = `
local latest = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local session = cjson.decode(all[i + 1])
  for _, time in ipairs({ 'created', 'rotated', 'expires', 'ends' }) do
    session[time] = session[time] - ARGV[1]
  end
  latest = math.max(latest, session.expires)
  redis.call('HSET', KEYS[1], all[i], cjson.encode(session))
end
if #all > 0 then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', latest)) end
return latest`

const build = async (t: Test, args: string[]) => {
  const server = await startRedis(t, { args })
  const raw = await server.connect()
  if (args.includes('--cluster-enabled')) {
    await raw.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
    while (!String(await raw.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
      // Asked again at once: it is a matter of milliseconds, and there is no event to wait for.
    }
  }
  const [{ stores }, { stores: elsewhere }] = [await open(t, server), await open(t, server)]
  const keys = createKeys('gh:')
  const subject: Subject = {
    stores,
    elsewhere,
    age: async (userId, ms) => {
      await raw.eval(ageSessions, 1, keys.sessions(userId), ms)
    },
    alter: async (userId, changes) => {
      const key = keys.account(userId)
      if (changes === undefined) await raw.del(key)
      if (changes?.isActive !== undefined) await raw.hset(key, 'active', Number(changes.isActive))
      if (changes?.passwordVersion !== undefined) {
        await raw.hset(key, 'passwordVersion', changes.passwordVersion)
      }
    },
  }
  return { raw, subject, keys }
}

for (const [mode, args] of [
  ['Redis', []],
  ['a node of a Redis Cluster', ['--cluster-enabled', 'yes']],
] as const) {
  t.test(`${mode} keeps the promises of`, async (t) => {
    const { raw, subject, keys } = await build(t, [...args])
    t.test('accounts', async (t) => accountContract(t, subject))
    t.test('sessions', async (t) => sessionContract(t, subject))
    t.test('invalidations', async (t) => invalidationContract(t, subject))

    t.test('and nothing but accounts and their indexes is kept for ever', async (t) => {
      const lasting = new Set<string>()
      for await (const batch of raw.scanStream({ count: 1_000 })) {
        for (const key of batch as string[]) {
          const id = /^gh:\{u:(\w+)\}(.*)$/.exec(key)
          const name = id ? `account${id[2]}` : key.replace(/(?<=email:)[\w-]{43}$/, '<hash>')
          if ((await raw.pttl(key)) === -1) lasting.add(name)
        }
      }
      t.strictSame([...lasting].sort(), ['account', 'gh:email:<hash>', keys.users])
    })
  })
}
