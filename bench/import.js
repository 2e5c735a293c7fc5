/**
 * How long an import takes and what memory it needs: accounts with bcrypt hashes, into a private Redis and
 * into the embedded store, by the command itself. Its resident memory is read from /proc (Linux), and its
 * progress is shown. Then the same file once more, which makes nothing twice, and an export.
 *
 * Usage: node bench/import.js [how many, 100000]   (after npm run build)
 */
import { once } from 'node:events'
import { createWriteStream, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { anywhere, folder, start, startRedis } from './lib/processes.js'

const count = Number(process.argv[2] ?? 100_000)
const gatehouse = fileURLToPath(new URL('../bin/gatehouse.js', import.meta.url))

const file = join(folder, 'accounts.ndjson')
const lines = function* () {
  for (let i = 0; i < count; i += 1) {
    const email = `person-${i}@example.com`
    // Of 'U*U', and cheap: nothing verifies it here.
    const passwordHash = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
    const createdAt = new Date(1.6e12 + i * 1000).toISOString()
    yield `${JSON.stringify({ email, name: `Person ${i}`, passwordHash, createdAt })}\n`
  }
}
await pipeline(lines, createWriteStream(file))
console.log(`${count} accounts, ${(statSync(file).size / 1e6).toFixed(1)} MB`)

/**
 * Megabytes that a process has for itself; undefined where it has ended. Without the file of the embedded store,
 * whose pages count as resident for as long as the system has room for them.
 */
const residentOf = (pid) => {
  try {
    const [, kib] = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kib && Math.round(Number(kib) / 1024)
  } catch {
    return undefined
  }
}

const run = async (what, args, env) => {
  const child = start(process.execPath, [gatehouse, ...args], {
    core: anywhere,
    env: { NODE_ENV: 'development', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const samples = []
  const timer = setInterval(() => {
    const resident = residentOf(child.pid)
    if (resident) samples.push(resident)
  }, 100)
  let last = ''
  let written = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line
    written += 1
  })
  const began = performance.now()
  const [code] = await once(child, 'close')
  clearInterval(timer)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  // The first samples are Node's own start.
  const [early, midway, end] = [0.1, 0.5, 0.99].map(
    (at) => samples[Math.floor(at * samples.length)],
  )
  const answer = written > 1 ? `${written} lines` : last
  console.log(`${what}: ${answer}; ${seconds} s, exit ${code}`)
  console.log(
    `  own memory, MB: ${early} early, ${midway} midway, ${end} at the end, ${Math.max(...samples)} at most`,
  )
  if (code !== 0) process.exit(1)
}

// As docs/redis.md asks for: on the disk before it is acknowledged.
const always = ['--appendfsync', 'always']
const redis = await startRedis({ durable: true, core: anywhere, more: always })
for (const [name, env] of [
  ['Redis', { REDIS_URL: redis.url }],
  ['embedded', { EMBEDDED_STORE_PATH: join(folder, 'store') }],
]) {
  await run(`${name}, import`, ['import', 'users', file], env)
  await run(`${name}, again`, ['import', 'users', file], env)
  await run(`${name}, export`, ['export', 'users', '--with-hashes'], env)
  await run(`${name}, everybody signed out`, ['sessions', 'end', '--all', '--yes'], env)
}
process.exit(0)
