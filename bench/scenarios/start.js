import { setTimeout as pause } from 'node:timers/promises'
import { claim, mb } from '../lib/format.js'
import { anywhere, memoryOf, startGatehouse, startRedis, stop } from '../lib/processes.js'
import { median } from '../lib/rounds.js'
import { closing } from '../lib/servers.js'

export const title = 'Starting, and resting'
export const about =
  'From the start of the process to the first 200 of `/health/ready`, and what is resident ten seconds later; one worker.'

const restMs = 10_000

export default ({ rounds, isQuick }) =>
  closing(async (closeLater) => {
    const redis = await startRedis()
    closeLater(() => stop(redis.child))
    const times = []
    const memories = []
    for (let number = 0; number < Math.min(rounds, 5); number += 1) {
      const server = await startGatehouse(redis, { core: anywhere })
      times.push(server.startMs)
      if (number === 0 || !isQuick) {
        await pause(restMs)
        memories.push(memoryOf(server.pid))
      }
      await stop(server.child)
    }
    return {
      columns: ['what', 'median', 'least', 'most'],
      rows: [
        ['ready, ms', ...[median(times), Math.min(...times), Math.max(...times)].map(mb)],
        [
          'resident, MB',
          ...[median(memories), Math.min(...memories), Math.max(...memories)].map(mb),
        ],
      ],
      panels: Object.entries({ 'ready, ms': times, 'resident, MB': memories }).map(
        ([caption, values]) => ({
          kind: 'bars',
          caption,
          rows: values.map((value, at) => ({ name: `start ${at + 1}`, values: [value] })),
        }),
      ),
      claims: [
        claim('start to ready, ms', median(times), 1_000, { atMost: true, digits: 0 }),
        claim('resident memory at rest, MB', median(memories), 90, { atMost: true, digits: 0 }),
      ],
    }
  })
