import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import type { Test } from 'tap'
import { type AttemptLimit, underWayMax } from '../../src/abuse/attempt-store.js'
import type { SharedActivity } from '../../src/abuse/deeds.js'
import type {
  LockoutRules,
  LockoutStore,
  LockoutSubject,
  Reservation,
} from '../../src/abuse/lockout-store.js'
import type { SecurityEvent } from '../../src/events/security-event.js'
import { randomId } from '../../src/ids.js'
import type { Stores } from '../../src/stores.js'
import { day, hour, minute, second, tally } from './subject.js'

/** A store that the contract suites of this page are run against. */
export interface AbuseSubject {
  stores: Stores
  /** The same data as another instance sees it; `stores` again where only one process may have it open. */
  elsewhere: Stores
  /** Lets time pass for what is remembered of an email, and of attempts. */
  age: (what: { email: string } | { attempts: string }, ms: number) => Promise<void>
}

export const rules: LockoutRules = {
  tiers: [
    { failures: 3, lockMs: 5 * minute },
    { failures: 5, lockMs: 15 * minute },
    { failures: 7, lockMs: hour },
    { failures: 10, lockMs: day },
  ],
  accountMax: 1_000,
}

const someone = (): LockoutSubject => ({
  email: `${randomId().toLowerCase()}@example.com`,
  source: '192.0.2.1',
  isKnownDevice: false,
})

/** Reserves a check and lets it end, where it may run. */
const attempt = async (
  lockout: LockoutStore,
  subject: LockoutSubject,
  result: 'failed' | 'succeeded' | 'void',
  by = rules,
): Promise<Reservation['outcome']> => {
  const id = randomId()
  const { outcome } = await lockout.reserve(subject, id, by)
  if (outcome === 'go') await lockout.settle(subject, id, result, by)
  return outcome
}

const remaining = async (lockout: LockoutStore, subject: LockoutSubject, by = rules) => {
  const reservation = await lockout.reserve(subject, randomId(), by)
  return reservation.outcome === 'locked' ? reservation.remainingMs : 0
}

/** Holds a store to what `LockoutStore` promises. */
export const lockoutContract = (t: Test, subject: AbuseSubject): void => {
  const { stores, elsewhere, age } = subject
  const { lockout } = stores

  const fail = async (who: LockoutSubject, times: number, by = rules): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      const outcome = await attempt(lockout, who, 'failed', by)
      if (outcome !== 'go') throw new Error(`The ${i + 1}. failure was ${outcome}`)
    }
  }
  /** Asserts for how long a pair is locked; the clock goes on meanwhile. */
  const lockedFor = async (t: Test, who: LockoutSubject, ms: number, by = rules) => {
    const left = await remaining(elsewhere.lockout, who, by)
    t.ok(left <= ms && left > ms - 5 * second, `locked for ${ms}, not ${left}`)
  }

  t.test('each tier locks for its time, and the count goes on after it', async (t) => {
    const who = someone()
    await fail(who, 2)
    t.equal(await attempt(lockout, who, 'void'), 'go')
    await fail(who, 1)
    await lockedFor(t, who, 5 * minute)
    await age(who, 5 * minute)
    await fail(who, 2)
    await lockedFor(t, who, 15 * minute)
    await age(who, 15 * minute)
    await fail(who, 2)
    await lockedFor(t, who, hour)
    await age(who, hour)
    await fail(who, 3)
    await lockedFor(t, who, day)
    await age(who, day)
    await fail(who, 1)
    await lockedFor(t, who, day)
  })

  t.test('settle tells what the failure has locked', async (t) => {
    const who = someone()
    const told: number[] = []
    for (const id of ['a', 'b', 'c']) {
      await lockout.reserve(who, id, rules)
      told.push(await elsewhere.lockout.settle(who, id, 'failed', rules))
    }
    t.strictSame(told, [0, 0, 5 * minute])
  })

  t.test('a refusal does not count', async (t) => {
    const who = someone()
    await fail(who, 3)
    for (let i = 0; i < 20; i += 1) t.equal(await attempt(lockout, who, 'failed'), 'locked')
    await age(who, 5 * minute)
    await fail(who, 1)
    t.equal(await attempt(lockout, who, 'void'), 'go', 'that was the fourth')
  })

  t.test('a count is forgotten an hour after its last failure', async (t) => {
    const who = someone()
    await fail(who, 2)
    await age(who, hour - minute)
    await fail(who, 1)
    await lockedFor(t, who, 5 * minute)
    const other = someone()
    await fail(other, 2)
    await age(other, hour)
    await fail(other, 2)
    t.equal(await attempt(lockout, other, 'void'), 'go', 'these are the first two')
  })

  t.test('or after the end of its lock', async (t) => {
    const [who, other] = [someone(), someone()]
    await fail(who, 3)
    await age(who, hour + 4 * minute)
    await fail(who, 2)
    await lockedFor(t, who, 15 * minute)
    await fail(other, 3)
    await age(other, hour + 5 * minute)
    await fail(other, 2)
    t.equal(await attempt(lockout, other, 'void'), 'go')
  })

  t.test('a success forgets it', async (t) => {
    const who = someone()
    await fail(who, 2)
    t.equal(await attempt(lockout, who, 'succeeded'), 'go')
    await fail(who, 2)
    t.equal(await attempt(lockout, who, 'void'), 'go')
  })

  t.test('another source, and another email, have counts of their own', async (t) => {
    const who = someone()
    const others = [
      { ...who, source: '192.0.2.2' },
      { ...who, source: '2001:db8::/64' },
      { ...who, source: 'device:x', isKnownDevice: true },
      { ...someone() },
    ]
    await fail(who, 3)
    for (const other of others) {
      t.equal(await attempt(lockout, other, 'succeeded'), 'go')
      await fail(other, 2)
    }
    await lockedFor(t, who, 5 * minute)
  })

  t.test('sources can have the names of whatever the store uses itself', async (t) => {
    const { email } = someone()
    for (const source of ['held', 'h:1', 's:held', ' "\\é']) {
      const who = { email, source, isKnownDevice: false }
      await fail(who, 2)
      t.equal(await attempt(elsewhere.lockout, who, 'failed'), 'go')
      await lockedFor(t, who, 5 * minute)
    }
  })

  t.test('checks under way', async (t) => {
    t.test('are as many at once as could fail before the next lock', async (t) => {
      const who = someone()
      const ids = Array.from({ length: 100 }, randomId)
      const outcomes = await Promise.all(
        ids.map((id, i) => (i % 2 ? lockout : elsewhere.lockout).reserve(who, id, rules)),
      )
      t.strictSame(tally(outcomes.map(({ outcome }) => outcome)), { go: 3, wait: 97 })
      const running = ids.filter((_, i) => outcomes[i]?.outcome === 'go')
      await Promise.all(running.map((id) => lockout.settle(who, id, 'failed', rules)))
      await lockedFor(t, who, 5 * minute)
      await age(who, 5 * minute)
      const next = await Promise.all(ids.map((id) => lockout.reserve(who, id, rules)))
      t.strictSame(tally(next.map(({ outcome }) => outcome)), { go: 2, wait: 98 })
    })

    t.test('leave their place to others when they succeed', async (t) => {
      const who = someone()
      for (const id of ['a', 'b', 'c']) await lockout.reserve(who, id, rules)
      t.equal((await lockout.reserve(who, 'd', rules)).outcome, 'wait')
      await lockout.settle(who, 'a', 'succeeded', rules)
      t.equal((await elsewhere.lockout.reserve(who, 'd', rules)).outcome, 'go')
    })

    t.test('lapse where their instance died', async (t) => {
      const who = someone()
      for (const id of ['a', 'b', 'c']) await lockout.reserve(who, id, rules)
      await age(who, 9 * second)
      t.equal((await lockout.reserve(who, 'd', rules)).outcome, 'wait')
      await age(who, second)
      t.equal((await lockout.reserve(who, 'd', rules)).outcome, 'go')
    })

    t.test('count when they fail at last, lapsed or not', async (t) => {
      const who = someone()
      for (const id of ['a', 'b', 'c']) await lockout.reserve(who, id, rules)
      await age(who, 20 * second)
      t.equal(await lockout.settle(who, 'a', 'failed', rules), 0)
      await lockout.reserve(who, 'd', rules)
      t.equal(await lockout.settle(who, 'b', 'failed', rules), 0)
      t.equal(await lockout.settle(who, 'c', 'failed', rules), 5 * minute)
    })
  })

  t.test('the failures of all sources together', async (t) => {
    const by = { ...rules, accountMax: 10 }
    const from = (who: LockoutSubject, last: number) => ({ ...who, source: `192.0.2.${last}` })
    const device = (who: LockoutSubject) => ({ ...who, source: 'device:x', isKnownDevice: true })
    const filled = async () => {
      const who = someone()
      for (let i = 0; i < 5; i += 1) await fail(from(who, i), 2, by)
      return who
    }

    t.test('lock all but known devices', async (t) => {
      const who = await filled()
      for (const last of [0, 77]) {
        const left = await remaining(elsewhere.lockout, from(who, last), by)
        t.ok(left > 24 * hour && left <= 25 * hour, 'for a day, and up to the next full hour')
      }
      t.equal(await attempt(elsewhere.lockout, device(who), 'succeeded', by), 'go')
      t.ok((await remaining(lockout, from(who, 77), by)) > 0, 'also after the owner came in')
      await fail(device(who), 3, by)
      await lockedFor(t, device(who), 5 * minute, by)
    })

    t.test('count for a day', async (t) => {
      const who = await filled()
      await age(who, day - minute)
      t.ok((await remaining(lockout, from(who, 77), by)) > 0)
      await age(who, hour + minute)
      t.equal(await remaining(lockout, from(who, 77), by), 0)
    })

    t.test('are let go of hour by hour', async (t) => {
      const who = await filled()
      await age(who, 2 * hour)
      await fail(device(who), 2, by)
      await age(who, 22 * hour)
      const left = await remaining(lockout, from(who, 77), by)
      t.ok(left > 0 && left <= hour, 'until the oldest ten are gone, not the youngest two')
      await age(who, hour)
      await fail(from(who, 77), 2, by)
    })

    t.test('are exact, however many sources try at once', async (t) => {
      const who = someone()
      const tries = Array.from({ length: 60 }, (_, i) => ({
        id: randomId(),
        subject: from(who, i),
      }))
      const outcomes = await Promise.all(
        tries.map(({ id, subject }, i) =>
          (i % 2 ? lockout : elsewhere.lockout).reserve(subject, id, by),
        ),
      )
      t.strictSame(tally(outcomes.map(({ outcome }) => outcome)), { go: 10, wait: 50 })
      t.equal(
        (await lockout.reserve(device(who), 'd', by)).outcome,
        'go',
        'known devices do not wait',
      )
      const running = tries.filter((_, i) => outcomes[i]?.outcome === 'go')
      await Promise.all(running.map((one) => lockout.settle(one.subject, one.id, 'failed', by)))
      t.ok((await remaining(lockout, from(who, 99), by)) > 0)
    })

    t.test('outlast a shorter lock of the pair', async (t) => {
      const who = someone()
      await fail(from(who, 1), 3, by)
      for (let i = 2; i < 9; i += 1) await fail(from(who, i), 1, by)
      t.ok((await remaining(lockout, from(who, 1), by)) > day)
    })
  })

  t.test('clear forgets everything of an email', async (t) => {
    const by = { ...rules, accountMax: 3 }
    const who = someone()
    await fail(who, 3, by)
    await elsewhere.lockout.clear(who.email)
    t.equal(await attempt(lockout, { ...who, source: '192.0.2.9' }, 'void', by), 'go')
    await fail(who, 2, by)
    await lockout.clear('nobody@example.com')
  })

  t.test('sources of an attack of weeks do not pile up', async (t) => {
    const { email } = someone()
    const from = (i: number) => ({
      email,
      source: `10.${i >> 8}.${i & 255}.1`,
      isKnownDevice: false,
    })
    for (let round = 0; round < 2; round += 1) {
      const sources = Array.from({ length: 400 }, (_, i) => from(round * 400 + i))
      // In portions: on a busy machine the last of so many would wait longer than a command may.
      for (let first = 0; first < sources.length; first += 50) {
        const portion = sources.slice(first, first + 50)
        await Promise.all(portion.map((source) => attempt(lockout, source, 'failed')))
      }
      await age({ email }, 2 * hour)
    }
    await fail(from(1), 2)
    await fail(from(700), 2)
    t.equal(await attempt(lockout, from(1), 'void'), 'go', 'their first failures are forgotten')
  })
}

/** A step of somebody who tries, or of time. */
type Step =
  | { do: 'reserve'; who: number }
  | { do: 'settle'; which: number; result: 'failed' | 'succeeded' | 'void' }
  | { do: 'age'; ms: number }
  | { do: 'clear' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('reserve' as const), who: fc.nat(2) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(3),
      result: fc.constantFrom('failed', 'failed', 'failed', 'failed', 'succeeded', 'void'),
    }),
  },
  {
    weight: 4,
    // No sum of these is the length of a lock or of a memory: nothing hangs by a millisecond.
    arbitrary: fc.record({
      do: fc.constant('age' as const),
      ms: fc.constantFrom(3_011, 11_017, 307_019, 1_213_037, 3_727_043, 21_613_051, 90_017_063),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)

/** Two stores, whatever is asked of them, answer alike. */
export const agreeOnLockout = async (one: AbuseSubject, other: AbuseSubject): Promise<void> => {
  const by = { ...rules, accountMax: 12 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
      const { email } = someone()
      const who = [
        { email, source: '192.0.2.1', isKnownDevice: false },
        { email, source: '2001:db8::/64', isKnownDevice: false },
        { email, source: 'device:x', isKnownDevice: true },
      ] as const
      const held: { id: string; subject: LockoutSubject }[] = []
      const both = async <Answer>(ask: (lockout: LockoutStore) => Promise<Answer>) =>
        [await ask(one.stores.lockout), await ask(other.stores.lockout)] as const
      // Both read a clock of their own, and hours begin at other times: compared is what is told of a pair.
      const isClose = (a: number, b: number) => Math.abs(a - b) < hour

      for (const now of steps) {
        if (now.do === 'age') {
          await one.age({ email }, now.ms)
          await other.age({ email }, now.ms)
        } else if (now.do === 'clear') await both((lockout) => lockout.clear(email))
        else if (now.do === 'reserve') {
          const subject = who[now.who] ?? who[0]
          const id = randomId()
          const [a, b] = await both((lockout) => lockout.reserve(subject, id, by))
          if (a.outcome !== b.outcome) throw new Error(`${a.outcome} and ${b.outcome}`)
          if (
            a.outcome === 'locked' &&
            b.outcome === 'locked' &&
            !isClose(a.remainingMs, b.remainingMs)
          ) {
            throw new Error(`locked for ${a.remainingMs} and ${b.remainingMs}`)
          }
          if (a.outcome === 'go') held.push({ id, subject })
        } else {
          const [check] = held.splice(now.which % Math.max(1, held.length), 1)
          if (check === undefined) continue
          const { id, subject } = check
          const [a, b] = await both((lockout) => lockout.settle(subject, id, now.result, by))
          if (Math.abs(a - b) > second) throw new Error(`settled ${a} and ${b}`)
        }
      }
    }),
    { numRuns: 60 },
  )
}

/** Holds a store to what `AttemptStore` promises. */
export const attemptContract = (t: Test, subject: AbuseSubject): void => {
  const { stores, elsewhere, age } = subject
  const { attempts } = stores
  const limit: AttemptLimit = { max: 5, windowMs: 15 * minute }
  const key = () => `failures:${randomId()}`

  const make = async (name: string, counts: boolean) => {
    const id = randomId()
    const { outcome } = await attempts.reserve(name, id, limit)
    if (outcome === 'go') await elsewhere.attempts.settle(name, id, counts, limit)
    return outcome
  }
  const outcomes = async (name: string, counts: boolean[]) => {
    const all: string[] = []
    for (const one of counts) all.push(await make(name, one))
    return all
  }

  t.test('so many may count, and no more', async (t) => {
    const name = key()
    t.strictSame(await outcomes(name, [true, true, false, true, false, true, true, true, false]), [
      ...Array(7).fill('go'),
      'exceeded',
      'exceeded',
    ])
  })

  t.test('the window begins with the first that counts, and ends as a whole', async (t) => {
    const name = key()
    await make(name, false)
    await age({ attempts: name }, 10 * minute)
    await outcomes(name, [true, true])
    await age({ attempts: name }, 10 * minute)
    await outcomes(name, [true, true, true])
    const refusal = await attempts.reserve(name, randomId(), limit)
    t.equal(refusal.outcome, 'exceeded')
    if (refusal.outcome === 'exceeded') {
      t.ok(refusal.resetMs <= 5 * minute && refusal.resetMs > 5 * minute - 5 * second)
    }
    await age({ attempts: name }, 5 * minute)
    t.strictSame(await outcomes(name, Array(6).fill(true)), [...Array(5).fill('go'), 'exceeded'])
  })

  t.test('it is exact, however many try at once', async (t) => {
    const name = key()
    await outcomes(name, [true, true])
    const ids = Array.from({ length: 50 }, randomId)
    const answers = await Promise.all(
      ids.map((id, i) => (i % 2 ? attempts : elsewhere.attempts).reserve(name, id, limit)),
    )
    t.strictSame(tally(answers.map(({ outcome }) => outcome)), { go: 3, wait: 47 })
    const running = ids.filter((_, i) => answers[i]?.outcome === 'go')
    await attempts.settle(name, running[0] ?? '', false, limit)
    t.equal((await attempts.reserve(name, 'next', limit)).outcome, 'go')
    t.equal((await attempts.reserve(name, 'one more', limit)).outcome, 'wait')
  })

  t.test('however many may count, only so many are under way at once', async (t) => {
    const name = key()
    const wide = { ...limit, max: 1_000_000 }
    const ids = Array.from({ length: underWayMax + 20 }, randomId)
    const answers = await Promise.all(ids.map((id) => attempts.reserve(name, id, wide)))
    t.strictSame(tally(answers.map(({ outcome }) => outcome)), { go: underWayMax, wait: 20 })
    const running = ids.filter((_, i) => answers[i]?.outcome === 'go')
    await attempts.settle(name, running[0] ?? '', true, wide)
    t.equal((await elsewhere.attempts.reserve(name, 'next', wide)).outcome, 'go')
    t.equal((await attempts.reserve(name, 'one more', wide)).outcome, 'wait')
  })

  t.test('what is not settled lapses, and counts if it does so late', async (t) => {
    const name = key()
    for (const id of ['a', 'b', 'c', 'd', 'e']) await attempts.reserve(name, id, limit)
    t.equal((await attempts.reserve(name, 'f', limit)).outcome, 'wait')
    await age({ attempts: name }, 10 * second)
    t.equal((await attempts.reserve(name, 'f', limit)).outcome, 'go')
    for (const id of ['a', 'b', 'c', 'd', 'e']) await attempts.settle(name, id, true, limit)
    t.equal((await attempts.reserve(name, 'g', limit)).outcome, 'exceeded')
  })

  t.test('the end of a window does not forget what is under way', async (t) => {
    const name = key()
    await outcomes(name, [true])
    await age({ attempts: name }, 15 * minute - 2 * second)
    for (const id of ['a', 'b', 'c', 'd']) await attempts.reserve(name, id, limit)
    await age({ attempts: name }, 3 * second)
    t.equal((await attempts.reserve(name, 'e', limit)).outcome, 'go')
    t.equal((await attempts.reserve(name, 'f', limit)).outcome, 'wait')
    for (const id of ['a', 'b', 'c', 'd', 'e']) await attempts.settle(name, id, true, limit)
    t.equal((await attempts.reserve(name, 'g', limit)).outcome, 'exceeded')
  })
}

/** Holds a store to what `EventStore` promises. The store must be a new one. */
export const eventContract = (t: Test, { stores, elsewhere }: AbuseSubject): void => {
  const { events } = stores
  let time = 0
  const event = (details: Partial<SecurityEvent> = {}): SecurityEvent => {
    time += 1
    const requestId = `r-${time}`
    return { type: 'logout', time, requestId, ip: '192.0.2.1', userAgent: 'Ä" \\ ☎', ...details }
  }
  /** Reads page by page to the end. */
  const readAll = async (query: Omit<Parameters<typeof events.list>[0], 'cursor'>) => {
    const pages: SecurityEvent[][] = []
    let cursor: string | undefined
    do {
      const page = await elsewhere.events.list({
        ...query,
        ...(cursor !== undefined && { cursor }),
      })
      pages.push(page.events)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return pages
  }

  t.test('with nothing kept there is one empty page', async (t) => {
    t.strictSame(await events.list({ limit: 10 }), { events: [] })
  })

  t.test('events are listed the newest first, as they were given', async (t) => {
    const given = [
      event({ type: 'login.failed', reason: 'invalid_credentials' }),
      event({ userId: 'ada', sessionId: 's1' }),
      event({ userId: 'bob' }),
    ]
    await events.append(given)
    t.strictSame(await elsewhere.events.list({ limit: 10 }), { events: given.toReversed() })
  })

  t.test('a page ends at its limit, and the last one says so', async (t) => {
    await events.append([event(), event(), event()])
    t.strictSame(
      (await readAll({ limit: 2 })).map((page) => page.length),
      [2, 2, 2],
    )
    t.strictSame(
      (await readAll({ limit: 4 })).map((page) => page.length),
      [4, 2],
    )
    t.strictSame(
      (await readAll({ limit: 6 })).map((page) => page.length),
      [6],
    )
  })

  t.test('what comes in between pages neither shifts nor repeats them', async (t) => {
    const [first = [], ...others] = await readAll({ limit: 2 })
    const { nextCursor = '' } = await events.list({ limit: 2 })
    await events.append([event(), event(), event()])
    const { events: second } = await events.list({ limit: 2, cursor: nextCursor })
    t.strictSame([first, second], [first, others[0]])
  })

  t.test('filters find what they say', async (t) => {
    const many = Array.from({ length: 1_200 }, (_, i) =>
      event({ type: i % 100 === 7 ? 'role.changed' : 'token.refreshed', userId: `u${i % 3}` }),
    )
    for (let i = 0; i < many.length; i += 400) await events.append(many.slice(i, i + 400))
    const wanted = many.filter(({ type }) => type === 'role.changed').toReversed()
    t.strictSame((await readAll({ limit: 5, type: 'role.changed' })).flat(), wanted)
    t.strictSame(
      (await readAll({ limit: 100, type: 'role.changed', userId: 'u1' })).flat(),
      wanted.filter(({ userId }) => userId === 'u1'),
    )
    t.strictSame(await events.list({ limit: 5, userId: 'nobody' }), { events: [] })
  })

  t.test('a cursor that no page ended with is refused as a field', async (t) => {
    for (const cursor of ['', 'x', '-1', '1-', '1-1-1', '+', '(1', `1${'0'.repeat(20)}`, ' 1']) {
      await t.rejects(
        events.list({ limit: 5, cursor }),
        { code: 'VALIDATION_FAILED', errors: [{ field: 'cursor' }] },
        cursor,
      )
    }
  })

  t.test('the newest 100,000 are kept, and a search goes so far at a time', async (t) => {
    const { events: before } = await events.list({ limit: 1 })
    const [oldest] = before
    for (let i = 0; i < 102; i += 1) {
      await events.append(Array.from({ length: 1_000 }, () => event({ type: 'login.succeeded' })))
    }
    let kept = 0
    let pages = 0
    let cursor: string | undefined
    const seen = new Set<string>()
    do {
      const query = { limit: 1, userId: 'nobody', ...(cursor !== undefined && { cursor }) }
      const page = await events.list(query)
      t.equal(page.events.length, 0)
      pages += 1
      cursor = page.nextCursor
    } while (cursor !== undefined)
    t.ok(pages >= 5 && pages < 8, `${pages} pages of 20,000`)
    for (const page of await readAll({ limit: 100 })) {
      for (const { requestId } of page) seen.add(requestId)
      kept += page.length
    }
    t.equal(seen.size, kept)
    t.ok(kept >= 100_000 && kept < 101_000, `${kept} kept`)
    t.notOk(oldest && seen.has(oldest.requestId))
    t.ok(seen.has(`r-${time}`))
  })
}

/** Holds a store that instances share to what `CounterExchange` and `ActivityExchange` promise. */
export const exchangeContract = (t: Test, { stores, elsewhere }: AbuseSubject): void => {
  const [here, there] = [stores.exchange, elsewhere.exchange]
  if (here === undefined || there === undefined) throw new Error('This store is not shared')

  t.test('counts are summed, in a window that begins with the first', async (t) => {
    const key = `address:${randomId()}`
    t.strictSame(await here.counters.add(key, 3, minute), { total: 3, leftMs: minute })
    const { total, leftMs } = await there.counters.add(key, 4, hour)
    t.equal(total, 7)
    t.ok(leftMs <= minute && leftMs > minute - 5 * second)
    const short = `address:${randomId()}`
    await here.counters.add(short, 3, 20)
    await setTimeout(60)
    t.match(await here.counters.add(short, 1, minute), { total: 1 })
  })

  t.test('news of counts reach everybody once, older by their age', async (t) => {
    await there.counters.heard()
    const count = { key: `address:${randomId()}`, total: 9, leftMs: minute }
    await here.counters.tell([count])
    const [heard, ...others] = await there.counters.heard()
    t.match(heard, { key: count.key, total: 9 })
    t.ok((heard?.leftMs ?? 0) <= minute && (heard?.leftMs ?? 0) > minute - 5 * second)
    t.strictSame([others, await there.counters.heard()], [[], []])
    t.ok(
      (await here.counters.heard()).some(({ key }) => key === count.key),
      'oneself too',
    )
  })

  t.test('news of clients reach everybody once', async (t) => {
    await there.activity.heard()
    await here.activity.tell(['a', 'b'])
    await here.activity.tell(['c'])
    t.strictSame(await there.activity.heard(), ['a', 'b', 'c'])
    t.strictSame(await there.activity.heard(), [])
  })

  t.test('activity is told, and heard by the others with its age', async (t) => {
    const client = randomId()
    const mine = { slices: [[0, 3, 1]], routes: [[7, 0]] } as SharedActivity
    t.strictSame(await here.activity.share(client, mine), { slices: [], routes: [] })
    await setTimeout(30)
    const theirs = { slices: [[5_000, 1, 0]], routes: [] } as SharedActivity
    const { slices, routes } = await there.activity.share(client, theirs)
    t.match(slices, [[Number, 3, 1]])
    t.match(routes, [[7, Number]])
    const [[age = 0] = []] = slices
    t.ok(age >= 29 && age < 5_000, `${age} ms old`)
    t.match(await here.activity.share(client, mine), { slices: [[Number, 1, 0]], routes: [] })
    t.strictSame(await here.activity.share(randomId(), mine), { slices: [], routes: [] })
  })

  t.test('blocks are heard once, everywhere, with what is left of them', async (t) => {
    const [a, b] = [randomId(), randomId()]
    await there.activity.blocks()
    await here.activity.share(a, { slices: [[0, 99, 0]], routes: [] })
    await here.activity.block(a, minute)
    const heard = await there.activity.blocks()
    t.strictSame([...heard.keys()], [a])
    t.ok((heard.get(a) ?? 0) > minute - 5 * second && (heard.get(a) ?? 0) <= minute)
    await setTimeout(5)
    await there.activity.block(b, minute)
    t.ok((await there.activity.blocks()).has(b))
    t.strictSame([...(await there.activity.blocks()).keys()], [b], 'only the newest again')
    t.ok((await here.activity.blocks()).has(a), 'and by whoever has not asked before')
    const after = await there.activity.share(a, { slices: [], routes: [] })
    t.strictSame(after, { slices: [], routes: [] }, 'what led to a block does not count again')
  })

  t.test('a flood of blocks is no flood of memory', async (t) => {
    const many = Array.from({ length: 10_050 }, randomId)
    for (let i = 0; i < many.length; i += 500) {
      await Promise.all(many.slice(i, i + 500).map((client) => here.activity.block(client, minute)))
    }
    const { size } = await there.activity.blocks()
    t.ok(size > 9_000 && size <= 10_000, `${size} kept`)
  })
}
