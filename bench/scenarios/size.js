import { Redis } from 'ioredis'
import { claim, ms } from '../lib/format.js'
import { requestOf } from '../lib/requests.js'
import { goodRound } from '../lib/rounds.js'
import { password, seedAccounts, signInAll } from '../lib/seed.js'
import { closing, openStage, signedIn } from '../lib/servers.js'

export const title = 'Cost against size'
export const about =
  'Accounts in Redis, each with one session: bytes of each by `used_memory`, and the time of a request that has to ask the store (a GET with a token that is not in the cache) and of a sign-in. Up to ten thousand are made by the server’s own operations; the others are copies of one of these, made by a script in Redis, with every key and entry that an account has.'

/** Copies an account with its session and its entries: email, list of users. */
const copies = `
local prefix, from, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for i = from, from + count - 1 do
  local id = string.format('copy%018d', i)
  local key = prefix .. 'u{' .. id .. '}'
  redis.call('COPY', KEYS[1], key)
  redis.call('COPY', KEYS[2], key .. ':s')
  redis.call('SET', prefix .. 'email:' .. string.sub(redis.sha1hex(i), 1, 21), id)
  redis.call('ZADD', KEYS[3], 0, string.format('%09d', i) .. id)
end
return 'copied'`

/** Of all that is kept; security events are capped, and are no part of an account. */
const memory = async (redis) => {
  await redis.del('gh:events')
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1])
}

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
    const made = { accounts: 0, sessions: 0 }
    for (const count of quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]) {
      if (count <= 10_000) {
        const before = await memory(redis)
        const from = users.length
        const accounts = await seedAccounts(stage.system, count - from, { from })
        const between = await memory(redis)
        users = users.concat(await signInAll(stage.system, accounts))
        made.accounts += between - before
        made.sessions += (await memory(redis)) - between
      } else {
        // Nobody signs in to this one again: it has one session.
        const { userId } = users.at(-1)
        const keys = [`gh:u{${userId}}`, `gh:u{${userId}}:s`, 'gh:users']
        const batch = 2_000
        for (let from = count / 10; from < count; from += batch) {
          await redis.eval(copies, 3, ...keys, 'gh:', from, batch)
        }
      }
      const bytes = (await memory(redis)) - empty
      // Not the same: sign-ins past the cap end the sessions from before.
      const askers = users.slice(0, 50)
      const signers = users.slice(50, 100)
      const get = await goodRound(stage.load, {
        server,
        kind: 'turns',
        requests: askers.map(({ access }) => signedIn('GET', '/api/auth/session', { access })),
        connections: 1,
        seconds: 2,
      })
      const login = await goodRound(stage.load, {
        server,
        kind: 'turns',
        requests: signers.map(({ email }) =>
          requestOf('POST', '/api/auth/login', { body: { email, password } }),
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
    }
    const account = made.accounts / users.length
    const session = made.sessions / users.length
    rows.push(['of which a session', String(Math.round(session)), '', '', '', ''])
    return {
      columns: ['accounts', 'bytes each', 'GET p50 ms', 'p99 ms', 'sign-in p50 ms', 'p99 ms'],
      rows,
      claims: [
        claim('bytes of a session beyond the account', session, 400, { atMost: true, digits: 0 }),
        claim('bytes of an account, its entries in the indexes included', account, 800, {
          atMost: true,
          digits: 0,
        }),
      ],
    }
  })
