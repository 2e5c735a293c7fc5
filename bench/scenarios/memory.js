import { setTimeout as pause } from 'node:timers/promises'
import { claim, mb } from '../lib/format.js'
import { memoryOf } from '../lib/processes.js'
import { round } from '../lib/rounds.js'
import { seedUsers } from '../lib/seed.js'
import { closing, openStage, signedIn } from '../lib/servers.js'

export const title = 'A week in a minute'
export const about =
  'People come, ask a few times from an address of their own, and go: in each step there are new accounts, sessions and addresses, as many as a small service has in a day. The caches are as large as they are by default, and the largest of them, the counters of limits, is full by the fifth step. What is held after a collection of garbage must not grow from there on.'

const people = 5_000
const steps = 7

const address = (number) => `198.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`

/** What the heap holds, by the metrics of the server itself. */
const heapOf = async ({ port }) => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(/^\S*nodejs_heap_size_used_bytes\S* (\S+)/m.exec(text)?.[1]) / 2 ** 20
}

/** Asks every second what is held, until it is told to end. */
const watchMemory = (server) => {
  const samples = []
  const began = performance.now()
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const seconds = (performance.now() - began) / 1000
      samples.push({ seconds, heap: await heapOf(server), rss: memoryOf(server.pid) })
      await pause(1_000)
    }
  })()
  const end = () => {
    isOver = true
    return watching
  }
  return { samples, end }
}

export default ({ tell, isQuick }) =>
  closing(async (closeLater) => {
    const stage = await openStage(closeLater, { users: 0 })
    // Collects now and then by itself, so that what is held shows and not what was left lying.
    const server = await stage.gatehouse({
      env: { TRUST_PROXY: 'loopback' },
      args: ['--expose-gc', '--import', new URL('../lib/collect.js', import.meta.url).href],
    })
    const rows = []
    const heaps = []
    const watch = watchMemory(server)
    closeLater(watch.end)
    for (let step = 0; step < (isQuick ? 3 : steps); step += 1) {
      const users = await seedUsers(stage.system, people, { from: step * people })
      const requests = users.flatMap((user, at) => {
        const from = address(step * people + at)
        const request = signedIn('GET', '/api/auth/session', { access: user.access })
        const forwarded = request.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${from}\r\n\r\n`)
        const unknown = forwarded.replace(/Cookie: [^\r]*\r\n/, '')
        return [forwarded, forwarded, unknown, forwarded]
      })
      const result = await round(stage.load, {
        server,
        kind: 'once',
        requests,
        connections: 50,
        seconds: 60,
      })
      await pause(2_500)
      const heap = await heapOf(server)
      heaps.push(heap)
      rows.push(
        [
          String(step + 1),
          (step + 1) * people,
          result.requests,
          mb(heap),
          mb(memoryOf(server.pid)),
        ].map(String),
      )
      tell(`day ${step + 1}: heap ${mb(heap)} MB`)
    }
    const full = heaps[Math.min(4, heaps.length - 1)]
    return {
      columns: ['day', 'people so far', 'requests', 'heap MB', 'RSS MB'],
      rows,
      panels: [
        {
          kind: 'lines',
          caption: 'MB, asked for every second',
          series: Object.entries({ 'resident memory': 'rss', heap: 'heap' }).map(([name, key]) => ({
            name,
            points: watch.samples.map((sample) => [sample.seconds, sample[key]]),
          })),
          x: { name: 'seconds' },
        },
      ],
      claims: [
        claim('heap of the last day over that of the fifth', heaps.at(-1) / full, 1.1, {
          atMost: true,
        }),
      ],
    }
  })
