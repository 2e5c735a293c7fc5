/**
 * What a flood of distinct addresses costs in memory: a million of them, once each, through the counters of the
 * general limits and the watch of the anomaly rules, whose bounds they run into. Each fails an authentication
 * too, and every fourth is blocked.
 *
 * Usage, after a build: node --expose-gc bench/addresses.js [how many, 1000000]
 */
import { clientsMax, createActivityWatch, strangerOf } from '../dist/src/abuse/activity.js'
import { networkOf } from '../dist/src/abuse/address.js'
import { createCounters, keysMax } from '../dist/src/abuse/counters.js'

const count = Number(process.argv[2] ?? 1_000_000)
const rules = { requestsMax: 30, routesMax: 10, failuresMax: 3 }
const minute = 60_000

/** A store that takes everything, and knows of nobody else. */
const exchange = {
  add: async (_key, total, leftMs) => ({ total, leftMs }),
  share: async () => ({ slices: [], routes: [] }),
  tell: async () => {},
  heard: async () => [],
  block: async () => {},
  blocks: async () => new Map(),
}
const counters = createCounters(exchange)
const watch = createActivityWatch(exchange, rules)

const sizes = () => {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return [rss, heapUsed].map((bytes) => (bytes / 2 ** 20).toFixed(1).padStart(10))
}
const row = (...cells) => console.log(cells.map((cell) => `${cell}`.padStart(10)).join(''))

row('addresses', 'RSS, MiB', 'heap, MiB', 'limits', 'watched', 'blocked', 'waiting')
const tell = (seen) => {
  const { keys, waiting } = counters.stats()
  const { clients, blocked, waiting: untold } = watch.stats()
  row(seen, ...sizes(), keys, clients, blocked, waiting + untold)
  return keys <= keysMax && clients <= clientsMax && blocked <= clientsMax
}
let isBounded = tell(0)
const began = performance.now()
for (let i = 0; i < count; i += 1) {
  const address = networkOf(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`)
  counters.count(`address:${address}`, 15 * minute, 100)
  watch.request(strangerOf(address), `/${i}`)
  watch.failure(address)
  if (i % 4 === 0) watch.block(address, minute)
  if (i % (count / 5) === count / 5 - 1) {
    isBounded = tell(i + 1) && isBounded
    // The exchange has its turn.
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
console.log(`${(((performance.now() - began - 2_500) / count) * 1_000).toFixed(1)} µs an address`)
counters.close()
watch.close()
process.exit(isBounded ? 0 : 1)
