import { claim, comparison } from '../lib/format.js'
import { paired } from '../lib/rounds.js'
import { askedBy, closing, openStage, same } from '../lib/servers.js'

export const title = 'A protected GET, everything on'
export const about =
  'Who is signed in (`GET /api/auth/session`), as a browser asks it, with a token that the instance knows. Production with all its protections; the others answer as much and do less. One core serves, 50 connections ask.'

export default ({ tell, rounds }) =>
  closing(async (closeLater) => {
    const stage = await openStage(closeLater)
    const { load, users, gatehouse, target } = stage
    const targets = [
      same('Fastify, one route', await target('fastify-bare')),
      same('Fastify + plugins, no sign-in', await target('fastify-plugins')),
      same('Fastify + @fastify/jwt', await target('fastify-jwt')),
      same('Fastify + @fastify/jwt, cache', await target('fastify-jwt', { env: { CACHE: '1' } })),
      same(
        'Fastify + plugins + @fastify/jwt, cache',
        await target('fastify-jwt', { env: { CACHE: '1', PLUGINS: '1' } }),
      ),
      same(
        'Fastify + one GET of Redis',
        await target('redis-get', { env: { REDIS_URL: stage.redis.url } }),
      ),
      askedBy('Gatehouse', await gatehouse(), users),
      askedBy('Gatehouse, a log line each', await gatehouse({ env: { LOG_LEVEL: 'info' } }), users),
      same(
        'Gatehouse, open route',
        await target('gatehouse-guard', { env: { REDIS_URL: stage.redis.url } }),
        '/open',
      ),
    ]
    const guarded = targets.at(-1).server
    targets.push(askedBy('Gatehouse, same route guarded', guarded, users, '/guarded'))
    const results = await paired(load, targets, { rounds, seconds: 1, connections: 50, tell })
    const of = (name) => results[name]
    const bare = of('Fastify, one route')
    const ours = of('Gatehouse')
    return {
      ...comparison(results),
      claims: [
        claim('of bare Fastify', ours.ratio.median, 0.6),
        claim('of bare Fastify, by processor time', bare.cpu.median / ours.cpu.median, 0.6),
        claim(
          'of the plugins without sign-in',
          ours.ratio.median / of('Fastify + plugins, no sign-in').ratio.median,
          1.25,
        ),
        claim(
          'CPU of authentication, µs',
          of('Gatehouse, same route guarded').cpu.median - of('Gatehouse, open route').cpu.median,
          10,
          { atMost: true, digits: 1 },
        ),
      ],
    }
  })
