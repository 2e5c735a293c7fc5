import t from 'tap'
import { openConnection } from '../support/raw-http.js'
import { startRedis } from '../support/redis.js'
import {
  ask,
  createLoad,
  isRunning,
  patiently,
  people,
  readyWorkers,
  signUp,
  startCluster,
  workersOf,
} from './deployment.js'

t.setTimeout(480_000)

const redis = await startRedis(t)
// One cluster for all: each worker that starts is a program that has to be compiled first.
const { url, pid, log, logged, kill, exited } = await startCluster(t, redis.url)
const port = Number(new URL(url).port)
const token = await signUp(url, 'ada')

const counted = async (name: string): Promise<number> => {
  const { body } = await ask(`${url}/metrics`)
  const line = body.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}
const profiles =
  'gatehouse_http_request_duration_seconds_count{method="GET",route="/api/profile",status="200"}'
/** How many profiles were answered so far. */
let answered = 0

t.test('workers share a port, and are one server to whoever asks', async (t) => {
  t.equal(workersOf(pid).length, 2)
  t.match(
    log.filter(({ msg }) => msg === 'listening'),
    [{ url, workers: 2, store: 'redis' }],
    'it is said once',
  )
  const caches = new Set<string>()
  for (let i = 0; i < 20; i += 1) {
    t.equal((await ask(`${url}/api/profile`, { token })).status, 200)
    const { hits, misses } = (await ask(`${url}/health/detailed`)).json().data.cache ?? {}
    caches.add(`${hits} ${misses}`)
    // They take turns: without a third request each would always be asked the same.
    await ask(`${url}/health/live`)
  }
  answered += 20
  t.ok(caches.has('0 1') && caches.has('1 1'), 'both have answered, each with a cache of its own')
  const { data } = (await ask(`${url}/health/detailed`)).json()
  t.strictSame(data.workers, { configured: 2, ready: 2, died: 0 })
  for (let i = 0; i < 4; i += 1) {
    t.equal(await counted(profiles), answered, 'whichever answers, it counts for both')
    t.equal(await counted('gatehouse_workers'), 2)
  }
})

t.test('a worker that hangs does not keep the numbers of the others back', async (t) => {
  const connections = await Promise.all([openConnection(port), openConnection(port)])
  for (const { socket } of connections) t.teardown(() => socket.destroy())
  // One connection each; the worker that hangs is the one whose connection stays silent.
  const [hanging = 0] = workersOf(pid)
  process.kill(hanging, 'SIGSTOP')
  for (const { send } of connections) send('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const answer = await Promise.race(connections.map((connection) => connection.answer()))
  process.kill(hanging, 'SIGCONT')
  t.match(answer?.body, `${profiles} ${answered}`, 'with what it told before')
  t.match(answer?.body, /^gatehouse_workers 1$/m)
})

t.test('one that is killed under load is replaced, and what it counted stays', async (t) => {
  const load = createLoad(t, url, token)
  await load.more(100)
  const before = await counted(profiles)
  const [victim = 0] = workersOf(pid)
  process.kill(victim, 'SIGKILL')
  t.match(await logged('a worker died'), { signal: 'SIGKILL' })
  await load.more(100)
  await patiently(async () => (await readyWorkers(url)) === 2)
  t.notOk(workersOf(pid).includes(victim))
  await load.more(100)
  await load.stop()
  const failures = [...load.outcomes].filter(([outcome]) => outcome !== 200)
  const lost = failures.reduce((sum, [, times]) => sum + times, 0)
  t.ok(lost <= people, `only what was under way at it: ${JSON.stringify(failures)}`)
  const after = await counted(profiles)
  t.ok(after >= before + 200, `${before}, then ${after}`)
  answered = after
  const { data } = (await ask(`${url}/health/detailed`)).json()
  t.strictSame(data.workers, { configured: 2, ready: 2, died: 1 })
})

t.test('SIGHUP replaces all, and no request under way or to come fails', async (t) => {
  const load = createLoad(t, url, token)
  await load.more(100)
  const before = workersOf(pid)
  kill('SIGHUP')
  await logged('workers replaced')
  await load.more(100)
  await load.stop()
  t.strictSame([...load.outcomes.keys()], [200])
  t.equal(workersOf(pid).filter((worker) => before.includes(worker)).length, 0)
  t.equal(await readyWorkers(url), 2)
  t.equal(await counted('gatehouse_workers'), 2)
  answered += load.outcomes.get(200) ?? 0
  t.equal(await counted(profiles), answered, 'those that left told all that they had counted')
})

t.test('SIGTERM drains', async (t) => {
  const workers = workersOf(pid)
  const [slow, kept] = await Promise.all([openConnection(port), openConnection(port)])
  const head = `POST /api/auth/logout HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
  slow.send(`${head}Content-Length: 2\r\n\r\n{`)
  const ready = 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n'
  kept.send(ready)
  t.equal((await kept.answer())?.status, 200)
  kill('SIGTERM')
  await logged('stopping')
  let answer = { status: 200, headers: {} as Record<string, string> }
  while (answer.status === 200) {
    kept.send(ready)
    answer = (await kept.answer()) ?? answer
  }
  t.equal(answer.status, 503, 'a balancer sees it on a connection that it has kept')
  t.equal(answer.headers.connection, 'close')
  const isRefused = () =>
    ask(`${url}/health/live`).then(
      () => false,
      () => true,
    )
  t.notOk(await isRefused(), 'new connections are served for a while')
  await patiently(isRefused)
  slow.send('}')
  t.equal((await slow.answer())?.status, 200, 'what was under way is finished')
  t.strictSame(await exited, { code: 0, signal: null })
  t.notOk(workers.some(isRunning))
})
