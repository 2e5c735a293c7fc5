import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { installClock, play } from '../../bench/replay/run.js'
import { judge, outOfTheWay, scenario } from '../../bench/replay/scenario.js'
import { build, secrets } from '../support/app.js'

/** The defaults of production, which the tests' own configuration leaves out. */
const defaults = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.example.com',
  ANOMALY_MODE: 'enforce',
  RATE_LIMIT_MAX_REQUESTS: '100',
  AUTH_RATE_LIMIT_MAX: '5',
  LOCKOUT_TIERS: '3:5m,5:15m,7:1h,10:24h',
  ACCOUNT_FAILURE_MAX: '100',
  ...secrets,
  ...outOfTheWay,
}

t.test('a quarter of an hour of people and attackers, by a clock that jumps', async (t) => {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gatehouse-'))
  const clock = installClock(Date.parse('2026-01-05T09:00:00Z'))
  t.teardown(() => {
    clock.uninstall()
    rmSync(folder, { recursive: true, force: true })
  })
  const store = { EMBEDDED_STORE_PATH: join(folder, 'store') }
  const { app } = await build(t, { ...defaults, ...store })
  const clients = await play(app, scenario(7, 0.2), clock)
  const { accuracy, precision, recall, signedInRefused } = judge(clients)
  t.comment(`${clients.length} clients: accuracy ${accuracy}, ${precision}, ${recall}`)

  t.equal(signedInRefused, 0, 'nobody who is signed in is ever refused')
  const stopped = clients.filter(({ isAttack, refused }) => !isAttack && refused > 0)
  for (const { kind } of stopped) t.equal(kind, 'three slips of the finger', 'as the tiers say')
  const missed = clients.filter(({ isAttack, refused }) => isAttack && refused === 0)
  for (const { kind } of missed) t.equal(kind, 'stuffing, two tries each', 'below every limit')
  t.ok(accuracy >= 0.95, `accuracy ${accuracy}`)
  const people = clients.filter(({ isAttack }) => !isAttack)
  t.ok(people.every(({ kind, flagged }) => flagged === (kind === 'scripts of their own')))
  const forced = clients.filter(({ kind }) => kind === 'brute force')
  t.ok(
    forced.every(({ checks }) => checks === 3),
    'three guesses each, and no more',
  )
  const campaign = clients.find(({ client }) => client === 'campaign 0')
  t.equal(campaign?.checks, 100, 'of all addresses together')
})
