import { Redis } from 'ioredis'
import { createCopies } from '../lib/copy.js'
import { claim, ms } from '../lib/format.js'
import { requestOf } from '../lib/requests.js'
import { goodRound } from '../lib/rounds.js'
import { password, seedAccounts, signInAll } from '../lib/seed.js'
import { closing, openStage, signedIn } from '../lib/servers.js'

export const title = 'Cost against size'
export const about =
  'Accounts in Redis, each with one session: bytes of each by `used_memory`, and the time of a request that has to ask the store (a GET with a token that is not in the cache) and of a sign-in, both by people from all over the list. Up to ten thousand are made by the server’s own operations; the others are written by scripts in Redis (`bench/lib/copy.js`), with the same keys and fields. Tables of Redis double when they are full, so that a share of them goes up and down.'

/** Of all that is kept; security events are capped, and are no part of an account. */
const memory = async (redis) => {
  await redis.del('gh:events')
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1])
}

/** As many people ask, and as many others sign in. */
const askers = 50

export default ({ tell, isQuick }) =>
  closing(async (closeLater) => {
    const stage = await openStage(closeLater)
    const { system } = stage
    const redis = new Redis(stage.redis.url)
    closeLater(() => redis.disconnect())
    const server = await stage.gatehouse({
      env: { VALIDATION_CACHE_MAX: '0', LOCKOUT_TIERS: '1000000:1s' },
    })
    // Those who are there when the counting begins, so that scripts and connections do not count.
    const { length: before } = stage.users
    let { users } = stage
    let copies
    const made = { accounts: 0, sessions: 0 }
    const counted = async (what, work) => {
      const from = await memory(redis)
      const result = await work()
      made[what] += (await memory(redis)) - from
      return result
    }
    const fill = async (from, to) => {
      if (to <= 10_000) {
        const accounts = await counted('accounts', () => seedAccounts(system, to - from, { from }))
        const more = await counted('sessions', () => signInAll(system, accounts))
        users = users.concat(more)
        return
      }
      // Nobody signs in to this one again: it has one session.
      copies ??= await createCopies(system, redis, users.at(-1))
      await counted('accounts', () => copies.accounts(from, to))
      await counted('sessions', () => copies.sessions(from, to))
    }
    const accessOf = ({ userId, sid }) => {
      const now = Date.now()
      const session = { sid, expiresAt: now + 3_600_000 }
      return system.tokens.access.issue({ userId, role: 'user' }, session, now).token
    }

    const sizes = isQuick ? [1_000, 10_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000]
    const results = []
    let from = before
    const timed = (requests) =>
      goodRound(stage.load, { server, kind: 'turns', requests, connections: 1, seconds: 3 })
    // Long enough for the compiler to have seen what it will see.
    await timed(users.map((one) => signedIn('GET', '/api/auth/session', one)))
    for (const size of sizes) {
      await fill(from, size)
      from = size
      const people = Array.from({ length: 2 * askers }, (_, at) => {
        const number = Math.floor((at * size) / (2 * askers))
        return users[number] ?? copies.person(number)
      })
      // Not the same: sign-ins past the cap end the sessions from before.
      const get = await timed(
        people
          .filter((_, at) => at % 2 === 0)
          .map((one) => signedIn('GET', '/api/auth/session', { access: accessOf(one) })),
      )
      const login = await timed(
        people
          .filter((_, at) => at % 2 === 1)
          .map(({ email }) => requestOf('POST', '/api/auth/login', { body: { email, password } })),
      )
      const account = made.accounts / (size - before)
      const session = made.sessions / (size - before)
      results.push({ size, account, session, get, login })
      tell(`${size.toLocaleString('en')} accounts`)
    }
    const { account, session } = results.at(-1)
    const line = (name, pick) => ({
      name,
      points: results.map((one) => [one.size, pick(one)]),
    })
    const x = { name: 'accounts', isLog: true }
    return {
      columns: [
        'accounts',
        'bytes an account',
        'bytes a session',
        'GET p50 ms',
        'p99 ms',
        'sign-in p50 ms',
        'p99 ms',
      ],
      rows: results.map(({ size, get, login, ...bytes }) => [
        size.toLocaleString('en'),
        ...[bytes.account, bytes.session].map((value) => String(Math.round(value))),
        get.p50.toFixed(2),
        get.p99.toFixed(2),
        ms(login.p50),
        ms(login.p99),
      ]),
      panels: [
        {
          kind: 'lines',
          caption: 'ms of a request that asks the store',
          series: [
            line('GET, p50', ({ get }) => get.p50),
            line('GET, p99', ({ get }) => get.p99),
            line('sign-in, p50', ({ login }) => login.p50),
            line('sign-in, p99', ({ login }) => login.p99),
          ],
          x,
          y: { isLog: true },
        },
        {
          kind: 'lines',
          caption: 'bytes in Redis',
          series: [
            line('an account', (one) => one.account),
            line('its session', (one) => one.session),
          ],
          x,
        },
      ],
      claims: [
        claim('bytes of a session beyond the account', session, 400, { atMost: true, digits: 0 }),
        claim('bytes of an account, its entries in the indexes included', account, 800, {
          atMost: true,
          digits: 0,
        }),
      ],
    }
  })
