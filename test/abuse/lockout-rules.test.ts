import fc from 'fast-check'
import t from 'tap'
import {
  buckets,
  currentLockout,
  forgetLockoutAt,
  holdMs,
  type LockoutRecord,
  lockAt,
  memoryMs,
  reserveCheck,
  settleCheck,
} from '../../src/abuse/lockout-rules.js'
import { rules } from '../stores/abuse-contract.js'
import { day, hour, minute } from '../stores/subject.js'

const address = { source: '192.0.2.1', isKnownDevice: false }
const start = 1_800_000_000_000

/** An email of which nothing is known, and what becomes of it. */
const story = (by = rules) => {
  let record = currentLockout(undefined, start)
  let now = start
  let id = 0
  const look = () => {
    record = currentLockout(record, now)
    return reserveCheck(record, address, 'look', by, now)[0]
  }
  return {
    pass: (ms: number) => {
      now += ms
    },
    look,
    fail: () => {
      record = currentLockout(record, now)
      id += 1
      const [{ outcome }, reserved] = reserveCheck(record, address, String(id), by, now)
      if (outcome === 'go') {
        record = settleCheck(reserved, address.source, String(id), 'failed', by, now)
      }
      return outcome
    },
    record: () => record,
    now: () => now,
  }
}

t.test('how long the n-th failure locks', async (t) => {
  const minutes = [0, 0, 5, 0, 15, 0, 60, 0, 0, 1_440, 1_440, 1_440]
  for (const [i, wanted] of minutes.entries()) {
    t.equal(lockAt(rules, i + 1), wanted * minute, `${i + 1}`)
  }
  const single = { ...rules, tiers: [{ failures: 1, lockMs: 7 }] }
  t.strictSame(
    [1, 2, 100].map((failures) => lockAt(single, failures)),
    [7, 7, 7],
  )
})

t.test('failures in turn, each as soon as it may be', async (t) => {
  const { fail, look, pass, now } = story()
  const gaps: number[] = []
  for (let i = 0; i < 13; i += 1) {
    const before = now()
    for (let seen = look(); seen.outcome === 'locked'; seen = look()) pass(seen.remainingMs)
    gaps.push((now() - before) / minute)
    t.equal(fail(), 'go')
  }
  t.strictSame(gaps, [0, 0, 0, 5, 0, 15, 0, 60, 0, 0, 1_440, 1_440, 1_440])
})

t.test('nothing is remembered for longer than it is of use', async (t) => {
  const { fail, pass, record, now } = story()
  t.equal(forgetLockoutAt(record()), 0)
  for (let i = 0; i < 3; i += 1) fail()
  const hourOf = Math.floor(now() / hour)
  t.equal(record().sources[address.source]?.forgetAt, now() + 5 * minute + memoryMs)
  t.equal(forgetLockoutAt(record()), (hourOf + buckets) * hour)
  pass(day + hour)
  t.strictSame(currentLockout(record(), now()), { sources: {}, hours: {}, held: {} })

  const [, held] = reserveCheck(currentLockout(undefined, start), address, 'a', rules, start)
  t.equal(forgetLockoutAt(held), start + holdMs)
})

t.test(
  'whoever fails whenever it is allowed gets no more checks than the tiers give',
  async (t) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 * hour }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        (waits, crowd) => {
          let record: LockoutRecord = currentLockout(undefined, start)
          let now = start
          let checks = 0
          let failures = 0
          let forgotten = start
          for (const wait of waits) {
            now += wait
            record = currentLockout(record, now)
            if (record.sources[address.source] === undefined) failures = 0
            // As many at once as there are in the crowd; each that may run runs, and fails.
            const running: string[] = []
            for (let i = 0; i < crowd; i += 1) {
              const [{ outcome }, next] = reserveCheck(
                record,
                address,
                `${checks}.${i}`,
                rules,
                now,
              )
              record = next
              if (outcome === 'go') running.push(`${checks}.${i}`)
            }
            const tier = rules.tiers.find((one) => one.failures > failures)
            const most = tier === undefined ? 1 : tier.failures - failures
            if (running.length > most) return false
            for (const id of running) {
              record = settleCheck(record, address.source, id, 'failed', rules, now)
            }
            failures += running.length
            checks += running.length
            forgotten = Math.max(forgotten, forgetLockoutAt(record))
            if (running.length === most && currentLockout(record, now).sources[address.source]) {
              const [{ outcome }] = reserveCheck(record, address, 'x', rules, now)
              if (outcome !== 'locked') return false
            }
          }
          return true
        },
      ),
    )
    t.pass('in crowds of any size')
  },
)
