/**
 * What connections cost: 1,000 that are kept idle, and 10,000 that all ask at once, on loopback. Prints the
 * memory of the server for each, and how long answers take. `node bench/connections.js`, after a build; the
 * limit of open files (`ulimit -n`) has to be above 10,200.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const idle = 1_000
const concurrent = Number(process.argv[2] ?? 10_000)
const port = 15_300 + (process.pid % 500)
const path = '/.well-known/jwks.json'
const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-connections-'))
const server = spawn(
  process.execPath,
  [fileURLToPath(new URL('../dist/src/main.js', import.meta.url))],
  {
    cwd: folder,
    env: {
      NODE_ENV: 'development',
      LOG_LEVEL: 'warn',
      PORT: `${port}`,
      PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  },
)
process.once('exit', () => {
  server.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Resident memory of the server in bytes, once what is no longer used had time to go. */
const resident = async () => {
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

const open = () =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
  })

/** Opens some at a time, so that the server's backlog is not what is measured. @param {number} count */
const openMany = async (count) => {
  const sockets = []
  while (sockets.length < count) {
    const batch = Math.min(200, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: batch }, open))))
  }
  return sockets
}

/** One request on a connection that is kept; the milliseconds until its answer. @param {any} socket */
const ask = (socket) =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    socket.once('data', (/** @type {Buffer} */ chunk) => {
      if (chunk.toString('latin1', 0, 15) !== 'HTTP/1.1 200 OK') reject(new Error(`${chunk}`))
      else resolve(performance.now() - began)
    })
    socket.write(request)
  })

/** @param {number[]} times @param {number} share */
const quantile = (times, share) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)]?.toFixed(2)

/** @param {number} bytes @param {number} count */
const each = (bytes, count) => `${(bytes / count / 1024).toFixed(1)} KiB a connection`

/** @param {string} about @param {any[]} sockets @param {number} before */
const report = async (about, sockets, before) => {
  const times = await Promise.all(sockets.map(ask))
  const memory = (await resident()) - before
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
  console.log(
    `${about}: ${each(memory, sockets.length)}; all ask at once: p50 ${p50} ms, p99 ${p99} ms`,
  )
}

for (;;) {
  const socket = await open().catch(() => undefined)
  if (socket !== undefined) {
    // Once warm, so that what is compiled and cached at first does not count as a connection's.
    for (let i = 0; i < 2_000; i++) await ask(socket)
    socket.destroy()
    break
  }
  if (server.exitCode !== null) process.exit(1)
  await new Promise((resolve) => setTimeout(resolve, 50))
}

const before = await resident()
console.log(`${(before / 1024 / 1024).toFixed(0)} MiB resident with no connection`)
const kept = await openMany(idle)
await report(`${idle} idle`, kept, before)
const single = []
for (let i = 0; i < 2_000; i++) single.push(await ask(kept[0]))
console.log(
  `one asks while the others are idle: p50 ${quantile(single, 0.5)} ms, p99 ${quantile(single, 0.99)} ms`,
)
await report(`${concurrent} open`, [...kept, ...(await openMany(concurrent - idle))], before)
process.exit(0)
