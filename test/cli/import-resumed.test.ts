import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { createImportAccount } from '../../src/accounts/import-account.js'
import { StoreUnavailable } from '../../src/errors.js'
import { open } from '../redis/open.js'
import { newAccount } from '../stores/subject.js'
import { command, startCommand } from '../support/command.js'
import { startRedis } from '../support/redis.js'

const person = (name: string) => ({ email: `${name}@example.com`, name })

const ndjson = (lines: unknown[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('')

t.test('an import that is cut short is gone on with', async (t) => {
  const redis = await startRedis(t)
  const env = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'gh:' }
  const cwd = t.testdir()
  const { accounts } = (await open(t, { url: redis.url })).stores
  const people = Array.from({ length: 300 }, (_, i) => person(`person-${i}`))
  const isThere = async (at: number) =>
    (await accounts.findByEmail(`person-${at}@example.com`)) !== undefined
  /** Longer than a process takes to start on a busy machine. */
  const untilThere = async (at: number) => {
    for (const late = AbortSignal.timeout(60_000); !(await isThere(at)); late.throwIfAborted()) {
      await setTimeout(5)
    }
  }

  const begin = (lines: unknown[]) => {
    const child = startCommand(t, ['import', 'users', '-'], { cwd, env })
    child.stdin.write(ndjson(lines))
    return child
  }
  const stopped = begin(people.slice(0, 100))
  let said = ''
  stopped.stderr.on('data', (chunk) => {
    said += chunk
  })
  await untilThere(99)
  stopped.kill('SIGINT')
  await once(stopped, 'close')
  t.equal(stopped.exitCode, 69)
  t.match(said, /^Stopped before line \d+: the same command goes on, and --from-line \d+ spares/m)

  const killed = begin(people.slice(0, 200))
  await untilThere(150)
  killed.kill('SIGKILL')
  await once(killed, 'close')

  const whole = await command(['import', 'users', '-', '--json'], {
    cwd,
    env,
    input: ndjson(people),
  })
  t.equal(whole.code, 0, whole.stderr)
  const { created, kept, refused } = JSON.parse(whole.stdout)
  t.ok(created >= 100)
  t.equal(created + kept, 300)
  t.equal(refused, 0)
  t.strictSame(await Promise.all([0, 99, 100, 150, 199, 299].map(isThere)), Array(6).fill(true))
})

t.test('an outage of the store is waited for, but not for ever', async (t) => {
  const redis = await startRedis(t, { durable: true })
  const { stores, next } = await open(t, { url: redis.url })
  await redis.kill('SIGKILL')
  const impatient = createImportAccount(stores.accounts, { outageMax: 500 })
  await t.rejects(impatient(newAccount()), StoreUnavailable)
  const account = newAccount()
  const patient = createImportAccount(stores.accounts)(account)
  await redis.start()
  await next('connected')
  t.equal(await patient, 'created')
  t.strictSame(await stores.accounts.findById(account.userId), account)
})

t.test('the answer that was lost is not taken for an account of before', async (t) => {
  const account = newAccount()
  const redis = await startRedis(t)
  const { stores } = await open(t, { url: redis.url })
  let lost = 0
  const forgetful: typeof stores.accounts.create = async (one) => {
    const outcome = await stores.accounts.create(one)
    lost += 1
    if (lost === 1) throw new StoreUnavailable()
    return outcome
  }
  const importAccount = createImportAccount({ ...stores.accounts, create: forgetful })
  t.equal(await importAccount(account), 'created')
  t.equal(lost, 2)
  t.equal(await importAccount(account), 'kept')
})
