import { claim, micro, ms, rate, ratio, shares } from '../lib/format.js'
import { cookies, requestOf } from '../lib/requests.js'
import { goodRound, spread } from '../lib/rounds.js'
import { closing, openStage, same } from '../lib/servers.js'

export const title = 'A refresh'
export const about =
  'Each person exchanges the refresh token for the next one, again and again, everything on: one script in Redis, one signature checked, two made, an event written.'

const columns = ['server', 'requests/s', 'ratio', 'CPU µs', 'p50 ms', 'p99 ms']

export default ({ tell, rounds }) =>
  closing(async (closeLater) => {
    const { load, users, gatehouse, target, redis } = await openStage(closeLater)
    const request = requestOf('POST', '/api/auth/refresh', {
      headers: { Cookie: `${cookies.refresh}=<token>` },
      body: {},
    })
    const targets = [
      same('Fastify, one route', await target('fastify-bare')),
      same(
        'Fastify + one script of Redis',
        await target('redis-script', { env: { REDIS_URL: redis.url } }),
      ),
      {
        name: 'Gatehouse',
        server: await gatehouse(),
        kind: 'chain',
        request,
        cookie: cookies.refresh,
      },
    ]
    const seen = new Map(targets.map(({ name }) => [name, []]))
    const tokens = users.map(({ token }) => token)
    for (let number = 0; number <= rounds; number += 1) {
      for (const target of targets) {
        const result = await goodRound(load, {
          ...target,
          tokens,
          connections: users.length,
          seconds: number === 0 ? 3 : 1,
        })
        // The chains go on in the next round where they ended in this one.
        result.tokens?.forEach((token, at) => {
          tokens[at] = token
        })
        if (number > 0) seen.get(target.name).push(result)
      }
      if (number > 0) tell(`round ${number} of ${rounds}`)
    }
    const [base] = seen.values()
    const ratios = (results) => spread(results.map((one, at) => one.rate / base[at].rate))
    const cpu = (results) => spread(results.map((one) => one.cpu))
    const ours = seen.get('Gatehouse')
    return {
      columns,
      rows: [...seen].map(([name, results]) => [
        name,
        rate(spread(results.map((one) => one.rate))),
        ratio(ratios(results)),
        micro(cpu(results)),
        ms(spread(results.map(({ p50 }) => p50)).median),
        ms(spread(results.map(({ p99 }) => p99)).median),
      ]),
      panels: [
        shares(
          [...seen].map(([name, results]) => ({
            name,
            ratio: ratios(results),
            rate: spread(results.map((one) => one.rate)),
          })),
        ),
      ],
      claims: [
        claim('of bare Fastify', ratios(ours).median, 0.35),
        claim('of bare Fastify, by processor time', cpu(base).median / cpu(ours).median, 0.35),
      ],
    }
  })
