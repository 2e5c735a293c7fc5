import { claim, comparison } from '../lib/format.js'
import { paired } from '../lib/rounds.js'
import { askedBy, closing, openStage, same } from '../lib/servers.js'

export const title = 'Who is signed in, asked of others'
export const about =
  'The same question to what people use instead, as it is taught and at its best. The others run without security headers, CORS, limits and watch; Gatehouse with them.'

export default ({ tell, rounds }) =>
  closing(async (closeLater) => {
    const { load, users, gatehouse, target } = await openStage(closeLater)
    const better = async (way, cached) =>
      target('better-auth', { env: { WAY: way, ...(cached && { COOKIE_CACHE: '1' }) } })
    const handlerPath = '/api/auth/get-session'
    const targets = [
      same('Fastify, one route', await target('fastify-bare')),
      askedBy('Gatehouse', await gatehouse(), users),
      same('Express + jsonwebtoken, as taught', await target('express')),
      same(
        'Express + jsonwebtoken, KeyObject',
        await target('express', { env: { KEY_OBJECT: '1' } }),
      ),
      same('SuperTokens SDK', await target('supertokens')),
      same('better-auth, handler', await better('handler'), handlerPath),
      same('better-auth, handler, cookie cache', await better('handler', true), handlerPath),
      same('better-auth, API', await better('api')),
      same('better-auth, API, cookie cache', await better('api', true)),
    ]
    const results = await paired(load, targets, { rounds, seconds: 1, connections: 50, tell })
    const times = (name) => results.Gatehouse.ratio.median / results[name].ratio.median
    const best = Math.min(...['better-auth, API', 'better-auth, API, cookie cache'].map(times))
    return {
      ...comparison(results),
      claims: [
        claim('× Express as taught', times('Express + jsonwebtoken, as taught'), 12, { digits: 1 }),
        claim('× Express with a KeyObject', times('Express + jsonwebtoken, KeyObject'), 5, {
          digits: 1,
        }),
        claim("× SuperTokens' SDK", times('SuperTokens SDK'), 4, { digits: 1 }),
        claim('× better-auth at its best', best, 8, { digits: 1 }),
        claim('× better-auth by its handler', times('better-auth, handler'), 20, { digits: 1 }),
      ],
    }
  })
