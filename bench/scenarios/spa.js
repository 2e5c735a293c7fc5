import { claim, ms, rate } from '../lib/format.js'
import { cookies, requestOf } from '../lib/requests.js'
import { round } from '../lib/rounds.js'
import { password, seedUsers } from '../lib/seed.js'
import { closing, openStage, signedIn } from '../lib/servers.js'

export const title = 'Ten thousand people'
export const about =
  'As many browsers with a connection each: of a thousand requests of a person 10 are refreshes, one is a sign-in, and the rest are GETs. Each thinks for 4 s on average.'

const people = 10_000

export default ({ isQuick }) =>
  closing(async (closeLater) => {
    const stage = await openStage(closeLater, { users: 0 })
    const users = await seedUsers(stage.system, people)
    const server = await stage.gatehouse({ env: { LOCKOUT_TIERS: '1000000:1s' } })
    const load = {
      server,
      kind: 'visitor',
      users,
      cookies,
      get: signedIn('GET', '/api/auth/session', { access: '<access>' }),
      refresh: signedIn('POST', '/api/auth/refresh', { token: '<token>' }, {}),
      login: requestOf('POST', '/api/auth/login', { body: { email: '<email>', password } }).replace(
        /Content-Length: \d+/,
        `Content-Length: ${JSON.stringify({ email: users[0].email, password }).length}`,
      ),
      every: { refresh: 100, login: 1_000 },
      connections: people,
      thinkMs: 4_000,
      seconds: isQuick ? 15 : 40,
      isSliced: true,
    }
    const result = await round(stage.load, load)
    const errors = Object.entries(result.statuses)
      .filter(([status]) => status >= 300)
      .reduce((sum, [, count]) => sum + count, result.failures)
    return {
      columns: [
        'people',
        'requests',
        'requests/s',
        'errors',
        'p50 ms',
        'p99 ms',
        'max ms',
        'CPU µs',
        'RSS MB',
      ],
      rows: [
        [
          people.toLocaleString('en'),
          result.requests.toLocaleString('en'),
          rate({ median: result.rate, q1: result.rate, q3: result.rate }).split(' ')[0],
          String(errors),
          ms(result.p50),
          ms(result.p99),
          ms(result.max),
          result.cpu.toFixed(1),
          String(Math.round(result.memory)),
        ],
      ],
      panels: [
        {
          kind: 'lines',
          caption: 'ms until the answer, of those that came in each second',
          series: ['p50', 'p99'].map((name) => ({
            name,
            points: result.slices.map((slice) => [slice.second + 1, slice[name]]),
          })),
          x: { name: 'seconds' },
          y: { isLog: true },
        },
      ],
      claims: [
        claim('errors', errors, 0, { atMost: true, digits: 0 }),
        claim('p50, ms', result.p50, 50, { atMost: true, digits: 1 }),
      ],
    }
  })
