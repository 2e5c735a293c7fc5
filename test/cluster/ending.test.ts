import t from 'tap'
import { startServer } from '../support/process.js'
import { openConnection } from '../support/raw-http.js'
import { startRedis } from '../support/redis.js'
import { ask, environment, isRunning, patiently, startCluster, workersOf } from './deployment.js'

t.setTimeout(480_000)

const redis = await startRedis(t)

t.test('a request that never ends is cut off, and the exit is a good one', async (t) => {
  const { url, kill, exited } = await startCluster(t, redis.url)
  const slow = await openConnection(Number(new URL(url).port))
  slow.send('POST /api/auth/logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n')
  t.equal((await ask(`${url}/health/live`)).status, 200)
  kill('SIGINT')
  t.strictSame(await exited, { code: 0, signal: null })
})

t.test('workers that have only begun to start end as well', async (t) => {
  const { pid, kill, exited } = await startCluster(t, redis.url, {
    SHUTDOWN_TIMEOUT: '60s',
    LOG_LEVEL: 'error',
  })
  kill('SIGHUP')
  await patiently(async () => workersOf(pid).length === 3)
  kill('SIGTERM')
  t.strictSame(await exited, { code: 0, signal: null })
})

t.test('a replacement of workers that is under way goes no further', async (t) => {
  const { kill, exited, logged } = await startCluster(t, redis.url, { LOG_LEVEL: 'debug' })
  kill('SIGHUP')
  await logged(({ msg, reason }) => msg === 'stopping' && reason === 'told')
  kill('SIGTERM')
  t.strictSame(await exited, { code: 0, signal: null })
})

t.test('a worker that does not end is killed, and the exit says so', async (t) => {
  const { pid, kill, exited, logged } = await startCluster(t, redis.url, { SHUTDOWN_TIMEOUT: '2s' })
  const [hanging = 0] = workersOf(pid)
  process.kill(hanging, 'SIGSTOP')
  kill('SIGTERM')
  await logged('a worker does not end, killing it')
  t.strictSame(await exited, { code: 1, signal: null })
  t.notOk(isRunning(hanging))
})

t.test('workers end with their primary', async (t) => {
  const { pid, kill, exited } = await startCluster(t, redis.url)
  const workers = workersOf(pid)
  t.equal(workers.length, 2)
  kill('SIGKILL')
  await patiently(async () => !workers.some(isRunning))
  t.strictSame(await exited, { code: null, signal: 'SIGKILL' })
})

t.test('a server that npm has started ends with it', async (t) => {
  const entry = new URL('../support/fixtures/shell-of-npm.ts', import.meta.url)
  const { kill, exited, logged } = await startServer(t, {
    entry,
    env: { ...environment, REDIS_URL: redis.url, LOG_LEVEL: 'error' },
  })
  kill('SIGTERM')
  await logged('stopping')
  t.strictSame(await exited, { code: null, signal: 'SIGTERM' }, 'with its output at its end')
})

t.test('one process of its own heeds the same signals', async (t) => {
  const { url, kill, exited, logged } = await startCluster(t, redis.url, { CLUSTER_WORKERS: '1' })
  kill('SIGHUP')
  await logged('one process has nobody to take over: not replaced')
  t.equal((await ask(`${url}/health/ready`)).status, 200)
  kill('SIGTERM')
  await logged('stopping')
  kill('SIGTERM')
  t.equal((await ask(`${url}/health/ready`)).status, 503)
  t.equal((await ask(`${url}/health/live`)).status, 200)
  t.strictSame(await exited, { code: 0, signal: null })
})
