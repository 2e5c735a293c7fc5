import { micro, ms, rate } from '../lib/format.js'
import { requestOf } from '../lib/requests.js'
import { goodRound, spread } from '../lib/rounds.js'
import { closing, openStage } from '../lib/servers.js'

export const title = 'Introspection'
export const about = 'Another service asks about one token, and about a hundred at once.'

const INTROSPECTION_TOKEN = 'Zk4Wn8Eb2Rv6Tc1Yx3Uz9Il5Ok7Pj0Ah'

export default ({ rounds }) =>
  closing(async (closeLater) => {
    const { load, users, gatehouse } = await openStage(closeLater, {
      users: 100,
      env: { INTROSPECTION_TOKEN },
    })
    const server = await gatehouse()
    const headers = { Authorization: `Bearer ${INTROSPECTION_TOKEN}` }
    const ask = (body) => requestOf('POST', '/api/auth/introspect', { headers, body })
    const kinds = {
      one: users.map(({ access: token }) => ask({ token })),
      'a hundred': [ask({ tokens: users.map(({ access }) => access) })],
    }
    const rows = []
    const bars = []
    for (const [name, requests] of Object.entries(kinds)) {
      const results = []
      for (let number = 0; number <= rounds; number += 1) {
        const result = await goodRound(load, {
          server,
          kind: 'turns',
          requests,
          connections: 10,
          seconds: 1,
        })
        if (number > 0) results.push(result)
      }
      const of = (key) => spread(results.map((one) => one[key]))
      const tokens = name === 'one' ? 1 : users.length
      const perSecond = of('rate').median * tokens
      bars.push({ name: `${name} a request`, values: [perSecond] })
      rows.push([
        name,
        rate(of('rate')),
        Math.round(perSecond).toLocaleString('en'),
        micro(of('cpu')),
        ms(of('p99').median),
      ])
    }
    return {
      columns: ['tokens a request', 'requests/s', 'tokens/s', 'CPU µs a request', 'p99 ms'],
      rows,
      panels: [{ kind: 'bars', caption: 'tokens/s', rows: bars }],
    }
  })
