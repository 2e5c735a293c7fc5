/**
 * What a flood of sign-ins does to everybody else: one instance as in production, with real hashes and the
 * default limits. Wave upon wave of 300 sign-ins at once, from many addresses: right ones, wrong ones for many
 * accounts, and wrong ones for one account from one address. Beside it a signed-in person asks for their
 * profile without pause, before the flood and in it.
 *
 * Then a hundred wrong passwords at once for one account, over two instances on one Redis: how many of them
 * were checked at all, by the instances' own counts.
 *
 * Usage, after a build: node bench/flood.js [seconds of flood, 15]
 */
import { Agent, request } from 'node:http'
import { startGatehouse, startRedis } from './lib/processes.js'

const seconds = Number(process.argv[2] ?? 15)
const wave = 300
const password = 'Glass-Onion-31'
/** What a sign-in may be answered in a flood. */
const allowed = new Set([200, 401, 423, 429, 503])

/** Limits as they are by default, but for the person who asks without pause. */
const defaults = {
  TRUST_PROXY: 'loopback',
  RATE_LIMIT_MAX_REQUESTS: '100',
  RATE_LIMIT_USER_MAX: '1000000',
  AUTH_RATE_LIMIT_MAX: '5',
}

const agent = new Agent({ keepAlive: true, maxSockets: wave + 1 })

/** One request from an address; answers with what it took in milliseconds. */
const send = ({ port }, method, path, { address, token, body } = {}) =>
  new Promise((resolve, reject) => {
    const payload = body && JSON.stringify(body)
    const headers = {
      Accept: 'application/json',
      'X-Token-Delivery': 'body',
      ...(address && { 'X-Forwarded-For': address }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(payload && { 'Content-Type': 'application/json' }),
    }
    const began = performance.now()
    const sent = request({ port, host: '127.0.0.1', path, agent, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => {
        resolve({ status: response.statusCode, text, ms: performance.now() - began })
      })
    })
    sent.on('error', reject)
    sent.end(payload)
  })

const email = (name) => `${name}@example.com`
const signUp = async (server, name, address) => {
  const body = { email: email(name), password, name: 'Ada' }
  const { status, text } = await send(server, 'POST', '/api/auth/register', { address, body })
  if (status !== 201) throw new Error(`Signing up answered ${status}: ${text}`)
  return JSON.parse(text).data.accessToken
}
const signIn = (server, name, secret, address) =>
  send(server, 'POST', '/api/auth/login', {
    address,
    body: { email: email(name), password: secret },
  })

/** Password checks and hashes that an instance has run so far. */
const hashes = async (server) => {
  const { text } = await send(server, 'GET', '/metrics')
  return Number(
    /^gatehouse_password_hash_duration_seconds_count(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1] ?? 0,
  )
}

const tally = (answers) => {
  const counts = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** Asks for the profile in turn until told to stop; answers how long each took. */
const watch = (server, token) => {
  const times = []
  let isOver = false
  const ask = async () => {
    while (!isOver) {
      const { status, ms } = await send(server, 'GET', '/api/profile', {
        token,
        address: '192.0.2.1',
      })
      if (status !== 200) throw new Error(`The profile answered ${status}`)
      times.push(ms)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  const asking = ask()
  return async () => {
    isOver = true
    await asking
    return times.sort((a, b) => a - b)
  }
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const row = (...cells) =>
  console.log(cells.map((cell, i) => (i ? `${cell}`.padStart(9) : `${cell}`.padEnd(26))).join(''))
const times = (name, all) => {
  const at = (share) => all[Math.ceil(share * all.length) - 1].toFixed(2)
  row(name, all.length, at(0.5), at(0.95), at(0.99), at(1))
}

const redis = await startRedis()
const server = await startGatehouse(redis, { env: defaults })
const token = await signUp(server, 'watcher', '192.0.2.1')
const people = 100
for (let i = 0; i < people; i += 1) await signUp(server, `person-${i}`, `192.0.2.${i + 2}`)
await pause(1_000)

row('GET /api/profile, ms', 'n', 'p50', 'p95', 'p99', 'max')
const calm = watch(server, token)
await pause(5_000)
times('without a flood', await calm())

const before = await hashes(server)
const flooded = watch(server, token)
const answers = []
let guesses = 0
for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
  const sent = Array.from({ length: wave }, (_, i) => {
    if (i % 3 === 0)
      return signIn(server, `person-${(i / 3) % people}`, password, `192.0.2.${i / 3 + 2}`)
    if (i % 3 === 1) return signIn(server, 'person-0', 'Wrong-Onion-31', '198.51.100.1')
    guesses += 1
    const address = `198.18.${(guesses >> 8) & 255}.${guesses & 255}`
    return signIn(server, `stolen-${guesses}`, 'Wrong-Onion-31', address)
  })
  answers.push(...(await Promise.all(sent)))
}
times(`in one of ${wave} at once`, await flooded())

const statuses = tally(answers)
const odd = Object.keys(statuses).filter((status) => !allowed.has(Number(status)))
console.log(`\n${answers.length} sign-ins in waves of ${wave}: ${JSON.stringify(statuses)}`)
console.log(`password checks that ran: ${(await hashes(server)) - before}`)

const other = await startGatehouse(redis, { env: defaults })
await signUp(server, 'target', '203.0.113.9')
const both = async () => (await hashes(server)) + (await hashes(other))
const first = await both()
const parallel = await Promise.all(
  Array.from({ length: 100 }, (_, i) =>
    signIn(i % 2 ? server : other, 'target', 'Wrong-Onion-31', '203.0.113.10'),
  ),
)
const ran = (await both()) - first
console.log(
  `\n100 wrong passwords at once for one account, over two instances: ${JSON.stringify(tally(parallel))}`,
)
console.log(`password checks that ran: ${ran}`)
process.exit(odd.length === 0 && ran === 3 ? 0 : 1)
