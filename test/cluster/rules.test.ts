import t from 'tap'
import { createDeaths } from '../../src/cluster/deaths.js'
import { threadsFor, workerEnvironment } from '../../src/cluster/worker-environment.js'
import { testConfig } from '../support/app.js'

t.test('a worker that dies is replaced', async (t) => {
  t.test('at once after it has served', async (t) => {
    const deaths = createDeaths()
    for (let i = 0; i < 100; i += 1) t.equal(deaths.died(false), 0)
    t.equal(deaths.total(), 100)
  })

  t.test('later each time it dies at once, and the fifth time in a row not at all', async (t) => {
    const deaths = createDeaths()
    const times = (count: number) => Array.from({ length: count }, () => deaths.died(true))
    t.strictSame(times(4), [100, 200, 400, 800])
    deaths.steady()
    t.strictSame(times(2), [100, 200])
    t.equal(deaths.died(false), 0, 'the death of another one is no part of the row')
    t.strictSame(times(3), [400, 800, 'enough'])
  })
})

t.test('what a worker is given beside the environment', async (t) => {
  const config = (variables: Record<string, string>) => testConfig('/srv', variables)
  const hashing = config({ HASH_CONCURRENCY: '6' })

  t.test('is a pool with threads to spare, unless somebody has chosen its size', async (t) => {
    t.equal(threadsFor(hashing), 10)
    t.strictSame(workerEnvironment(hashing, 1, false), { UV_THREADPOOL_SIZE: '10' })
    t.strictSame(workerEnvironment(hashing, 1, true), {})
  })

  t.test('are log files of its own', async (t) => {
    const files = config({
      LOG_FILE: '/var/log/server.log',
      SECURITY_LOG_FILE: '/var/log/security',
    })
    t.strictSame(workerEnvironment(files, 3, true), {
      LOG_FILE: '/var/log/server.3.log',
      SECURITY_LOG_FILE: '/var/log/security.3',
    })
  })
})
