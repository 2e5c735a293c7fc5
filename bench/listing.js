/**
 * What a page of accounts costs at the beginning of a long list, in its midst and at its end, on a private
 * Redis and on the embedded store. The accounts come in like an import: a thousand a millisecond. All
 * pages are read once, and no account may be missing or turn up twice; then pages of the three kinds are
 * timed in turn, so that whatever else the machine does falls on all alike.
 *
 * Usage, after a build: node bench/listing.js [accounts, 100000] [accounts a page, 100]
 */
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { openEmbedded } from '../dist/src/embedded/index.js'
import { randomId } from '../dist/src/ids.js'
import { openRedis } from '../dist/src/redis/index.js'
import { anywhere, folder, startRedis } from './lib/processes.js'

const count = Number(process.argv[2] ?? 100_000)
const limit = Number(process.argv[3] ?? 100)
/** As many pages of each kind are timed. */
const rounds = 500
/** As many are made at once. */
const batch = 500
/** The last pages may cost so many times what the first ones do; the run fails otherwise. */
const promised = 1.5

const account = (index) => {
  const userId = randomId()
  return {
    userId,
    email: `${userId.toLowerCase()}@example.com`,
    name: `Ada ${index}`,
    role: 'user',
    emailVerified: true,
    isActive: true,
    passwordHash: `$argon2id$v=19$m=19456,t=2,p=1$${randomId()}$${randomId()}${randomId()}`,
    passwordVersion: 1,
    createdAt: 1_700_000_000_000 + Math.floor(index / 1_000),
    lastLoginAt: 0,
  }
}

const fill = async ({ accounts }) => {
  const began = performance.now()
  for (let made = 0; made < count; made += batch) {
    const size = Math.min(batch, count - made)
    const creations = Array.from({ length: size }, (_, i) => accounts.create(account(made + i)))
    for (const outcome of await Promise.all(creations)) {
      if (outcome !== 'created') throw new Error(outcome)
    }
  }
  return count / ((performance.now() - began) / 1000)
}

/** Reads every page in turn; answers the cursors that lead to them. */
const readAll = async ({ accounts }) => {
  const cursors = []
  const seen = new Set()
  let total = 0
  let cursor
  do {
    cursors.push(cursor)
    const page = await accounts.list({ limit, ...(cursor && { cursor }) })
    for (const { userId } of page.accounts) seen.add(userId)
    total += page.accounts.length
    cursor = page.nextCursor
  } while (cursor !== undefined)
  if (total !== count || seen.size !== count) {
    throw new Error(`${seen.size} of ${count} accounts in ${total} places`)
  }
  return cursors
}

const timed = async ({ accounts }, cursor) => {
  const began = performance.now()
  await accounts.list({ limit, ...(cursor && { cursor }) })
  return performance.now() - began
}

/** Milliseconds a page: a page of the first tenth, one of the midst and one of the last tenth in turn. */
const compare = async (store, cursors) => {
  const tenth = Math.max(1, Math.floor(cursors.length / 10))
  const from = [0, Math.floor((cursors.length - tenth) / 2), cursors.length - tenth]
  const times = from.map(() => [])
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, start] of from.entries()) {
      times[i].push(await timed(store, cursors[start + (round % tenth)]))
    }
  }
  return times.map(median)
}

const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]

const row = (...cells) =>
  console.log(cells.map((cell, i) => (i ? `${cell}`.padStart(12) : cell.padEnd(10))).join(''))

const { url } = await startRedis({ core: anywhere })
const opened = new EventEmitter()
const connected = once(opened, 'connected')
const events = { connected: () => opened.emit('connected'), lost: () => {}, warning: () => {} }
const stores = {
  redis: openRedis({ url, keyPrefix: 'gh:' }, events),
  embedded: openEmbedded(join(folder, 'store')),
}
await connected

console.log(`${count} accounts, ${limit} a page; ms a page, median of ${rounds}`)
row('', 'first', 'midst', 'last', 'last/first', 'made a s')
let isSlow = false
for (const [name, store] of Object.entries(stores)) {
  const rate = await fill(store)
  const [first, midst, last] = await compare(store, await readAll(store))
  const ratio = last / first
  row(name, ...[first, midst, last, ratio].map((ms) => ms.toFixed(2)), Math.round(rate))
  isSlow ||= ratio > promised
  await store.close()
}
process.exit(isSlow ? 1 : 0)
