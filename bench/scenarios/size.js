import { Redis } from 'ioredis'
import { claim, ms } from '../lib/format.js'
import { requestOf } from '../lib/requests.js'
import { round } from '../lib/rounds.js'
import { emailOf, password, seedUsers } from '../lib/seed.js'
import { closing, openStage, signedIn } from '../lib/servers.js'

export const title = 'Cost against size'
export const about =
  'Accounts in Redis, each with one session: bytes of each by `used_memory`, and the time of a request that has to ask the store (a GET with a token that is not in the cache) and of a sign-in. Up to ten thousand are made by the server’s own operations; the others are copies of one of these, made by a script in Redis, with every key and entry that an account has.'

/** Copies an account with its session and its entries: email, list of users. */
const copies = `
local prefix, from, count, email = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
for i = from, from + count - 1 do
  local id = string.format('copy%018d', i)
  local key = prefix .. '{u:' .. id .. '}'
  redis.call('COPY', KEYS[1], key)
  redis.call('COPY', KEYS[2], key .. ':sessions')
  redis.call('SET', prefix .. 'email:' .. string.sub(redis.sha1hex(i) .. email, 1, 43), id)
  redis.call('ZADD', KEYS[3], 0, string.format('%013d', 1700000000000 + i) .. ':' .. id)
end
return 'copied'`

const sessionsOf = (userId) => `gh:{u:${userId}}:sessions`

const meanUsage = async (redis, users) => {
  const sizes = await Promise.all(
    users.map(({ userId }) => redis.memory('USAGE', sessionsOf(userId))),
  )
  return sizes.reduce((sum, one) => sum + one, 0) / sizes.length
}

const memory = async (redis) => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1])

export default ({ tell, quick }) =>
  closing(async (closeLater) => {
    const stage = await openStage(closeLater, { users: 0 })
    const redis = new Redis(stage.redis.url)
    closeLater(() => redis.disconnect())
    const server = await stage.gatehouse({
      env: { VALIDATION_CACHE_MAX: '0', LOCKOUT_TIERS: '1000000:1s' },
    })
    const rows = []
    let users = []
    const empty = await memory(redis)
    const each = {}
    for (const count of quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]) {
      if (count <= 10_000) {
        users = users.concat(
          await seedUsers(stage.system, count - users.length, { from: users.length }),
        )
        // Security events are capped, and are no part of an account.
        await redis.del('gh:events')
      } else {
        const [{ userId }] = users
        const keys = [`gh:{u:${userId}}`, `gh:{u:${userId}}:sessions`, 'gh:users']
        const batch = 2_000
        for (let from = count / 10; from < count; from += batch) {
          await redis.eval(copies, 3, ...keys, 'gh:', from, batch, 'ABCDEFG')
        }
      }
      const bytes = (await memory(redis)) - empty
      const sample = users.slice(0, 50)
      const get = await round(stage.load, {
        server,
        kind: 'turns',
        requests: sample.map(({ access }) => signedIn('GET', '/api/auth/session', { access })),
        connections: 1,
        seconds: 2,
      })
      const login = await round(stage.load, {
        server,
        kind: 'turns',
        requests: sample.map((_, at) =>
          requestOf('POST', '/api/auth/login', { body: { email: emailOf(at), password } }),
        ),
        connections: 1,
        seconds: 2,
      })
      rows.push([
        count.toLocaleString('en'),
        String(Math.round(bytes / count)),
        ms(get.p50),
        ms(get.p99),
        ms(login.p50),
        ms(login.p99),
      ])
      tell(`${count} accounts`)
      each[count] = bytes / count
    }
    const last = users.slice(-1_000)
    const session = await meanUsage(redis, last)
    // A hash whose values are short is kept in one piece; a session is longer than Redis' default calls short.
    await redis.config('SET', 'hash-max-listpack-value', 512)
    for (const { userId } of last) {
      const key = sessionsOf(userId)
      const fields = await redis.hgetall(key)
      await redis.multi().del(key).hset(key, fields).exec()
    }
    const packed = await meanUsage(redis, last)
    rows.push(['of which a session', String(Math.round(session)), '', '', '', ''])
    rows.push(['with hash-max-listpack-value 512', String(Math.round(packed)), '', '', '', ''])
    return {
      columns: ['accounts', 'bytes each', 'GET p50 ms', 'p99 ms', 'sign-in p50 ms', 'p99 ms'],
      rows,
      claims: [
        claim('bytes of a session beyond the account', session, 400, { atMost: true, digits: 0 }),
        claim('the same with hash-max-listpack-value 512', packed, 400, {
          atMost: true,
          digits: 0,
        }),
        claim(
          'bytes of an account, its entries in the indexes included',
          each[10_000] - session,
          800,
          { atMost: true, digits: 0 },
        ),
      ],
    }
  })
