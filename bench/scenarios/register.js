import { ms, rate } from '../lib/format.js'
import { anywhere } from '../lib/processes.js'
import { requestOf } from '../lib/requests.js'
import { goodRound, spread } from '../lib/rounds.js'
import { password } from '../lib/seed.js'
import { closing, openStage } from '../lib/servers.js'

export const title = 'Signing up'
export const about = 'Eight at once make accounts: a hash, the four steps in Redis, a session.'

export default ({ tell, rounds }) =>
  closing(async (closeLater) => {
    const { load, gatehouse } = await openStage(closeLater, { core: anywhere })
    const server = await gatehouse()
    const results = []
    for (let number = 0; number <= Math.min(rounds, 3); number += 1) {
      const requests = Array.from({ length: 120 }, (_, at) =>
        requestOf('POST', '/api/auth/register', {
          body: { email: `new-${number}-${at}@example.com`, password, name: 'Grace Hopper' },
        }),
      )
      const result = await goodRound(load, {
        server,
        kind: 'once',
        requests,
        connections: 8,
        seconds: 60,
      })
      if (number > 0) results.push(result)
      tell(`round ${number}`)
    }
    const of = (name) => spread(results.map((one) => one[name]))
    return {
      columns: ['server', 'accounts/s', 'p50 ms', 'p99 ms'],
      rows: [['Gatehouse', rate(of('rate')), ms(of('p50').median), ms(of('p99').median)]],
    }
  })
