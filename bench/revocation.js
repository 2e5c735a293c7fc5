/**
 * How long what was revoked or changed is still believed elsewhere: two instances, each a process of its own,
 * on a private Redis. One ends a session or changes an account; the other, which has the token in its cache,
 * is asked about it without pause. Measured is the time from the one's answer to the other's first answer
 * that knows of it, as a client sees both. At the end, what requests with a known token cost Redis.
 *
 * Usage: node bench/revocation.js [how many of each kind, 1000]
 */
import { Redis } from 'ioredis'
import { kinds, passwords, refused } from './revocation/kinds.js'
import { expect, redisUrl, root, send, signIn, signUp, there } from './revocation/pair.js'

const count = Number(process.argv[2] ?? 1_000)
/** No kind takes longer than this, in milliseconds, whatever the count. */
const budget = 60_000
/** What a revocation may take at p99, in milliseconds; the run fails otherwise. */
const promised = 100

const sidOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sid

/** Milliseconds from the answer at the one instance to the first one at the other that knows of it. */
const measure = async (kind, person) => {
  const { before = async () => {}, act, knows = refused, after = async () => {} } = kind
  const tokens = await signIn(person)
  const data = { ...tokens, sid: sidOf(tokens.accessToken), person }
  await before(data)
  const ask = () => send(there, 'GET', '/auth/session', { token: data.accessToken })
  expect(await ask(), 200)

  let answered = Number.POSITIVE_INFINITY
  const acting = act(data).then(({ at }) => {
    answered = at
  })
  let answer = await ask()
  while (!knows(answer, person)) {
    expect(answer, 200)
    answer = await ask()
  }
  await acting
  const late = answer.at - answered
  await after(person)
  // What is known before the answer has arrived is known at once.
  return Math.max(0, late)
}

const row = (...cells) =>
  console.log(cells.map((cell, i) => (i ? `${cell}`.padStart(9) : cell.padEnd(16))).join(''))
row('ms', 'n', 'p50', 'p95', 'p99', 'max')
let isLate = false
for (const [kind, how] of Object.entries(kinds)) {
  const email = `${kind.replaceAll(' ', '-')}@example.com`
  const person = await signUp({ email, password: passwords[0] })
  const times = []
  const began = performance.now()
  while (times.length < count && performance.now() - began < budget) {
    times.push(await measure(how, person))
  }
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.ceil(share * times.length) - 1]
  row(kind, times.length, ...[0.5, 0.95, 0.99, 1].map((share) => at(share).toFixed(2)))
  isLate ||= at(0.99) >= promised
}

/** How often Redis has run each command. */
const commandsRun = async (redis) => {
  const stats = await redis.info('commandstats')
  return new Map(
    [...stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)].map(([, name, n]) => [name, Number(n)]),
  )
}

const cachedRequests = 10_000
const redis = new Redis(redisUrl)
const token = root.accessToken
const known = (path) => send(there, 'GET', path, { token })
expect(await known('/auth/session'), 200)
expect(await known('/profile'), 200)
const before = await commandsRun(redis)
const began = performance.now()
for (let i = 0; i < cachedRequests; i += 2) {
  expect(await known('/auth/session'), 200)
  expect(await known('/profile'), 200)
}
const seconds = (performance.now() - began) / 1000
const after = await commandsRun(redis)
console.log(`\ncommands of Redis in ${cachedRequests} cached requests, ${seconds.toFixed(1)} s`)
for (const [name, calls] of after) {
  const more = calls - (before.get(name) ?? 0)
  if (more > 0 && name !== 'info') row(name, more, (more / cachedRequests).toFixed(4), '/ request')
}
process.exit(isLate ? 1 : 0)
