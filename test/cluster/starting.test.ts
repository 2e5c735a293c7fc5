import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import t from 'tap'
import { secrets } from '../support/app.js'
import { spawnServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'
import { ask, environment, workersOf } from './deployment.js'

t.setTimeout(480_000)

const redis = await startRedis(t)

t.test('workers that die as soon as they are started end the primary', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const env = { ...environment, REDIS_URL: redis.url, HOST: '127.0.0.1', PORT: String(port) }
  const server = spawnServer(t, { env })
  t.strictSame(await server.exited, { code: 1, signal: null })
  t.equal(server.log.filter(({ msg }) => msg === 'a worker died').length, 5)
  t.match(server.stderr, 'The port is in use')
})

t.test('a wrong configuration is told once, by the primary', async (t) => {
  const server = spawnServer(t, { env: environment })
  t.strictSame(await server.exited, { code: 78, signal: null })
  t.equal(server.stderr.split('CLUSTER_WORKERS must be 1').length, 2)
  t.strictSame(server.log, [])
})

t.test(
  'workers that find a store of a later release end the primary by the same code',
  async (t) => {
    await redis.command('SET', 'later:format', '{"version":99,"worksFrom":99}')
    const env = { ...environment, REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'later:' }
    const server = spawnServer(t, { env })
    t.strictSame(await server.exited, { code: 78, signal: null })
    t.ok(server.log.filter(({ msg }) => msg === 'a worker died').length <= 2)
  },
)

t.test('a cluster with files', async (t) => {
  const folder = t.testdir({ secret: secrets.JWT_SECRET, logs: {} })
  const { JWT_SECRET: _, ...others } = environment
  const server = spawnServer(t, {
    env: {
      ...others,
      REDIS_URL: redis.url,
      JWT_SECRET_FILE: `${folder}/secret`,
      LOG_FILE: `${folder}/logs/server.log`,
      SECURITY_LOG_FILE: `${folder}/logs/security.log`,
    },
  })
  const { url } = await server.logged('listening')

  t.test('goes on with its workers when SIGHUP finds a wrong configuration', async (t) => {
    const before = workersOf(server.pid)
    t.equal(before.length, 2)
    writeFileSync(`${folder}/secret`, '')
    server.kill('SIGHUP')
    await server.logged('the new worker does not start, the old ones go on')
    t.strictSame(workersOf(server.pid), before)
    t.equal((await ask(`${url}/health/ready`)).status, 200)
    t.match(server.stderr, 'JWT_SECRET_FILE names an empty file')
  })

  t.test('writes them from one process each, to the last line', async (t) => {
    const requests = 200
    for (let i = 0; i < requests; i += 10) {
      await Promise.all(Array.from({ length: 10 }, () => ask(`${url}/api/profile`)))
    }
    server.kill('SIGTERM')
    t.strictSame(await server.exited, { code: 0, signal: null })
    const names = readdirSync(`${folder}/logs`).sort()
    const logs = ['server.1.log', 'server.2.log', 'server.log']
    t.strictSame(names, ['security.1.log', 'security.2.log', ...logs])
    const lines = names.flatMap((name) =>
      readFileSync(`${folder}/logs/${name}`, 'utf8').split('\n').filter(Boolean),
    )
    const parsed = lines.map((line) => JSON.parse(line))
    t.equal(parsed.filter(({ route }) => route === '/api/profile').length, requests)
    t.equal(parsed.filter(({ msg }) => msg === 'listening').length, 1)
  })
})
