import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { clientOrigin, secrets } from '../support/app.js'
import { startBalancer } from '../support/balancer.js'
import { freePort } from '../support/free-port.js'
import { type ListeningServer, startServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'
import { createCrowd } from './crowd.js'

/*
 * `npm run chaos`: two instances, one of them a cluster of two workers, a Redis that loses nothing, and the
 * balancer that is shipped, under a crowd. Each of them is killed; what failed, and for how long, is printed.
 */

const people = Number(process.env.CHAOS_PEOPLE ?? 20)

const redis = await startRedis(t, { durable: true })
const ports = [await freePort(), await freePort()] as const
const workers = ['1', '2'] as const

const start = (place: 0 | 1): Promise<ListeningServer> =>
  startServer(t, {
    env: {
      ...secrets,
      REDIS_URL: redis.url,
      CLIENT_URLS: clientOrigin,
      HOST: '127.0.0.1',
      PORT: `${ports[place]}`,
      CLUSTER_WORKERS: workers[place],
      TRUST_PROXY: '127.0.0.1/32',
      LOG_LEVEL: 'info',
      ARGON2_MEMORY_KIB: '64',
      ARGON2_TIME_COST: '1',
      RATE_LIMIT_MAX_REQUESTS: '100000000',
      RATE_LIMIT_USER_MAX: '100000000',
      AUTH_RATE_LIMIT_MAX: '100000000',
      PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off',
      ANOMALY_MODE: 'off',
    },
  })

const doors = ports.map((port) => `http://127.0.0.1:${port}`)
const isReady = async (door: string): Promise<void> => {
  const late = AbortSignal.timeout(60_000)
  const ask = () =>
    fetch(`${door}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await ask())) {
    late.throwIfAborted()
    await wait(50)
  }
}

const servers = [await start(0), await start(1)] as [ListeningServer, ListeningServer]
await Promise.all(doors.map(isReady))
const balancer = await startBalancer(t, ports)
const crowd = createCrowd(balancer.url)
await crowd.start(people)

const print = (text: string): boolean => process.stderr.write(`${text}\n`)
print(`${people} people on two instances behind HAProxy; milliseconds`)
print(`${'what'.padEnd(44)}requests  failed  outage  longest wait  failures`)

/** Does it under load, and prints what came of it. */
const scene = (what: string, { isSilent = false }, fault: () => Promise<unknown>) =>
  t.test(what, async (t) => {
    crowd.take()
    await fault()
    await Promise.all(doors.map(isReady))
    await wait(2_000)
    const { requests, failed, outage, longest } = crowd.take()
    const count = Object.values(failed).reduce((sum, one) => sum + one, 0)
    const figures = [requests, count, Math.round(outage), Math.round(longest)]
    const columns = figures.map((one, i) => `${one}`.padStart([8, 8, 8, 14][i] ?? 0)).join('')
    print(`${what.padEnd(44)}${columns}  ${JSON.stringify(failed)}`)
    if (isSilent) t.strictSame(failed, {}, 'nobody noticed')
    t.strictSame(crowd.outrages.splice(0), [])
  })

const replace = async (place: 0 | 1, signal: NodeJS.Signals): Promise<void> => {
  servers[place].kill(signal)
  await servers[place].exited
  servers[place] = await start(place)
  await isReady(doors[place] ?? '')
  // Until the balancer has seen it, too.
  await wait(1_000)
}

await scene('nothing', { isSilent: true }, () => wait(3_000))
await scene('an instance is replaced, five times', { isSilent: true }, async () => {
  for (let times = 0; times < 5; times++) await replace(0, 'SIGTERM')
})
await scene('workers are replaced by SIGHUP', { isSilent: true }, async () => {
  servers[1].kill('SIGHUP')
  await wait(5_000)
})
await scene('kill -9 of a worker', {}, async () => {
  const { pid } = servers[1]
  const [worker] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  process.kill(Number(worker), 'SIGKILL')
  await wait(3_000)
})
await scene('kill -9 of an instance, started again', {}, () => replace(0, 'SIGKILL'))
await scene('kill -9 of Redis, started again after 1 s', {}, async () => {
  await redis.kill('SIGKILL')
  await wait(1_000)
  await redis.start()
})
await scene('kill -9 of the balancer, started again', {}, async () => {
  await balancer.kill()
  await balancer.start()
})

t.test('nothing acknowledged is lost, and nothing revoked is accepted', async (t) => {
  const ended = await crowd.stop(doors)
  print(`${ended} sessions were ended, and are refused everywhere`)
  t.ok(ended > 0)
  t.strictSame(crowd.outrages, [])
})
