import { ms, rate } from '../lib/format.js'
import { anywhere } from '../lib/processes.js'
import { goodRound, median, spread } from '../lib/rounds.js'
import { askedBy, closing, openStage } from '../lib/servers.js'

export const title = 'One, two and four workers'
export const about =
  'The protected GET on all cores, which the load takes its share of: on two cores a second worker has not a whole one.'

export default ({ tell, rounds }) =>
  closing(async (closeLater) => {
    const { load, users, gatehouse } = await openStage(closeLater, { core: anywhere })
    const servers = new Map()
    for (const count of [1, 2, 4]) {
      servers.set(count, await gatehouse({ env: { CLUSTER_WORKERS: String(count) } }))
    }
    const seen = new Map([...servers].map(([count]) => [count, []]))
    for (let number = 0; number <= rounds; number += 1) {
      for (const [count, server] of servers) {
        const result = await goodRound(load, {
          ...askedBy('', server, users),
          connections: 64,
          seconds: number === 0 ? 3 : 1,
        })
        if (number > 0) seen.get(count).push(result)
      }
      if (number > 0) tell(`round ${number} of ${rounds}`)
    }
    const [base] = seen.values()
    return {
      columns: ['workers', 'requests/s', 'ratio', 'p50 ms', 'p99 ms'],
      rows: [...seen].map(([count, results]) => {
        const of = (key) => spread(results.map((one) => one[key]))
        const ratios = spread(results.map((one, at) => one.rate / base[at].rate))
        return [
          String(count),
          rate(of('rate')),
          ratios.median.toFixed(2),
          ms(of('p50').median),
          ms(of('p99').median),
        ]
      }),
      panels: [
        {
          kind: 'bars',
          caption: 'requests/s by the number of workers',
          rows: [...seen].map(([count, results]) => ({
            name: String(count),
            values: [median(results.map((one) => one.rate))],
          })),
        },
      ],
    }
  })
