import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findRedisServer } from '../../test/support/programs.js'

/** Everything that is started lives in here, and ends with us. */
export const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const canPin = availableParallelism() > 1 && existsSync('/usr/bin/taskset')
/** One core serves and the other one asks; `undefined` leaves it to the kernel. */
export const serving = canPin ? 0 : undefined
export const asking = canPin ? 1 : undefined
/** Where the kernel chooses, even if it can be told. */
export const anywhere = null

/** Starts a program, on one core where that can be told. */
export const start = (
  program,
  args,
  { env = {}, core, stdio = ['ignore', 'ignore', 'inherit'] },
) => {
  const [file, ...rest] = [
    ...(core === undefined || core === anywhere ? [] : ['taskset', '-c', String(core)]),
    program,
    ...args,
  ]
  const child = spawn(file, rest, { cwd: folder, env: { ...process.env, ...env }, stdio })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

export const stop = async (child, signal = 'SIGTERM') => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await ended
  clearTimeout(late)
}

export const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks again and again until the answer is yes; a child that ends has failed. */
export const until = async (child, ask) => {
  for (let tries = 0; tries < 6_000; tries += 1) {
    if (await ask()) return
    if (child.exitCode !== null)
      throw new Error(`It ended with ${child.exitCode} before it was ready`)
    await pause(5)
  }
  throw new Error('It was not ready within a minute')
}

const connects = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** A private Redis that keeps nothing, or what a deployment keeps; `more` are settings of its own. */
export const startRedis = async ({ durable = false, core = asking, more = [] } = {}) => {
  const program = findRedisServer()
  if (program === undefined) throw new Error('No redis-server: run node test/support/prepare.js')
  const port = await freePort()
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '']
  if (durable) settings.push('--appendonly', 'yes', '--appendfilename', `${port}.aof`)
  const child = start(program, [...settings, ...more], { core })
  await until(child, () => connects(port))
  return { child, port, url: `redis://127.0.0.1:${port}` }
}

/** Processor time of a process so far, all its threads together, in microseconds. */
export const cpuOf = (pid) => {
  let ns = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // The thread has ended meanwhile.
    }
  }
  return ns / 1000
}

/** Resident memory of a process in MB. */
export const memoryOf = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** A server out of `targets/`, which has said that it listens, and what a browser sends to it. */
export const startTarget = async (name, { env = {}, core = serving } = {}) => {
  const port = await freePort()
  const args = [here(`../targets/${name}.js`)]
  const child = start(process.execPath, args, {
    core,
    env: { NODE_ENV: 'production', PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`targets/${name}.js ended with ${code} before it was ready`)
  })
  ended.catch(() => {})
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  return { child, port, pid: child.pid, ...JSON.parse(line) }
}

export const origin = 'https://app.example.com'
export const secrets = {
  JWT_SECRET: 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6',
  JWT_REFRESH_SECRET: 'Qm1Wn2Eb3Rv4Tc5Yx6Uz7Il8Ok9Pj0Ah',
}

/** Production with everything on; only so high are the limits that nothing here reaches them. */
export const production = (redisUrl) => ({
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PUBLIC_URL: 'https://auth.example.com',
  CLIENT_URLS: origin,
  REDIS_URL: redisUrl,
  CLUSTER_WORKERS: '1',
  RATE_LIMIT_MAX_REQUESTS: '1000000000',
  AUTH_RATE_LIMIT_MAX: '1000000000',
  ANOMALY_MAX_REQUESTS_PER_MINUTE: '100000000',
  ...secrets,
})

const answers = (port, path) =>
  new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    sent.on('error', () => resolve(false))
    sent.end()
  })

/** What stands before the program in the command of `npm start`. */
const startOptions = JSON.parse(readFileSync(here('../../package.json'), 'utf8'))
  .scripts.start.split(' ')
  .filter((word) => word.startsWith('--'))

/** Gatehouse as it is started in production. */
export const startGatehouse = async (redis, { env = {}, core = serving, args = [] } = {}) => {
  const port = await freePort()
  const began = performance.now()
  const child = start(
    process.execPath,
    [...startOptions, ...args, here('../../dist/src/main.js')],
    {
      core,
      env: { ...production(redis.url), PORT: String(port), ...env },
    },
  )
  await until(child, () => answers(port, '/health/ready'))
  const startMs = performance.now() - began
  return { name: 'gatehouse', child, port, pid: child.pid, startMs }
}
