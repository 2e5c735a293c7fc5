import fc from 'fast-check'
import type { Test } from 'tap'
import { sortableId } from '../../src/ids.js'
import { judge } from '../../src/sessions/rotation.js'
import {
  day,
  fiftyTimes,
  hour,
  inShort,
  laptop,
  minute,
  phone,
  type Subject,
  second,
  tally,
} from './subject.js'

/** Holds a store to what `SessionStore` promises. */
export const sessionContract = (t: Test, subject: Subject): void => {
  const { stores, elsewhere, age, alter } = subject
  const { accounts, sessions } = stores
  const { signedUp, start, tryStart, rotate, live } = inShort(stores)

  /** A session that is `generations` rotations old. */
  const rotated = async (generations: number) => {
    const { userId } = await signedUp()
    const { sid } = await start(userId)
    for (let generation = 1; generation <= generations; generation++) {
      await rotate(userId, sid, generation)
    }
    return { userId, sid }
  }

  t.test('start', async (t) => {
    t.test('answers a session at generation 1 and notes the sign-in', async (t) => {
      const account = await signedUp()
      const { userId } = account
      const sid = sortableId()
      const started = await tryStart(userId, { sid })
      if (started === 'account_changed') throw new Error(started)
      const { createdAt } = started.session
      t.ok(createdAt > account.createdAt - minute)
      t.strictSame(started, {
        account: { ...account, lastLoginAt: createdAt },
        session: {
          sid,
          createdAt,
          rotatedAt: createdAt,
          generation: 1,
          expiresAt: createdAt + hour,
          endsAt: createdAt + day,
          ...phone,
        },
      })
      for (const { sessions } of [stores, elsewhere]) {
        t.strictSame(await sessions.find(userId, sid), started)
      }
      t.strictSame(await accounts.findById(userId), started.account)
    })

    t.test('lets no idle life reach past the absolute end', async (t) => {
      const { userId } = await signedUp()
      const { createdAt, expiresAt, endsAt } = await start(userId, { idle: day, absolute: hour })
      t.equal(endsAt, createdAt + hour)
      t.equal(expiresAt, endsAt)
    })

    t.test('starts nothing for a password that has changed since it was checked', async (t) => {
      const { userId } = await signedUp({ passwordVersion: 2 })
      for (const passwordVersion of [1, 3, 20]) {
        t.equal(await tryStart(userId, { passwordVersion }), 'account_changed')
      }
      t.strictSame(await live(userId), [])
      t.match(await accounts.findById(userId), { lastLoginAt: 0 })
    })

    t.test('starts nothing for an account that is gone or inactive', async (t) => {
      const { userId } = await signedUp({ isActive: false })
      const { userId: gone } = await signedUp()
      await alter(gone)
      for (const id of [userId, gone, 'nobody']) {
        t.equal(await tryStart(id), 'account_changed')
        t.strictSame(await live(id), [])
      }
      t.equal(await accounts.findById('nobody'), undefined)
    })

    t.test('ends the oldest past the cap, as the store saw them start', async (t) => {
      const { userId } = await signedUp()
      const other = await rotated(0)
      // Instances' clocks differ: an id's birth says nothing about the order.
      const births = [50, 20, 40, 10, 30]
      const sids: string[] = []
      for (const birth of births) {
        const { sid } = await start(userId, { sid: sortableId(birth), cap: 3 })
        sids.push(sid)
        t.ok((await live(userId)).length <= 3)
        await age(userId, second)
      }
      t.strictSame(await live(userId), sids.slice(2).sort())
      const { sid } = await start(userId, { cap: 1 })
      t.strictSame(await live(userId), [sid], 'a lower cap ends all that are too many')
      t.strictSame(await live(other.userId), [other.sid], "nobody else's")
    })

    t.test('does not count sessions that have ended by themselves', async (t) => {
      const { userId } = await signedUp()
      const long = await start(userId, { idle: 2 * hour })
      for (let i = 0; i < 3; i++) await start(userId, { idle: minute })
      await age(userId, hour)
      const { sid } = await start(userId, { cap: 2 })
      t.strictSame(await live(userId), [long.sid, sid].sort())
    })

    t.test('ends no other session when it is called again', async (t) => {
      const { userId } = await signedUp()
      const { sid: other } = await start(userId, { cap: 2 })
      const sid = sortableId()
      await start(userId, { sid, cap: 2 })
      t.match(await start(userId, { sid, cap: 2 }), { sid, generation: 1 })
      t.strictSame(await live(userId), [other, sid].sort())
    })

    t.test('keeps to the cap when fifty start at once', async (t) => {
      const { userId } = await signedUp()
      await fiftyTimes(subject, (stores) => inShort(stores).start(userId))
      t.equal((await live(userId)).length, 10)
    })
  })

  t.test('find', async (t) => {
    t.test('answers nothing for what is not there', async (t) => {
      const { userId, sid } = await rotated(0)
      const other = await rotated(0)
      t.equal(await sessions.find(userId, sortableId()), undefined)
      t.equal(await sessions.find('nobody', sid), undefined)
      t.equal(await sessions.find(userId, other.sid), undefined, "not another account's")
    })

    t.test('answers nothing while the account is inactive, or gone', async (t) => {
      const { userId, sid } = await rotated(0)
      await alter(userId, { isActive: false })
      t.equal(await sessions.find(userId, sid), undefined)
      await alter(userId, { isActive: true })
      t.match(await sessions.find(userId, sid), { session: { sid } })
      await alter(userId)
      t.equal(await sessions.find(userId, sid), undefined)
    })
  })

  t.test('list', async (t) => {
    t.test('answers every live session as it is', async (t) => {
      const { userId } = await signedUp()
      t.strictSame(await sessions.list(userId), [])
      await start(userId, { idle: second })
      const first = await start(userId)
      const { sid } = await start(userId, { device: laptop })
      await age(userId, minute)
      await rotate(userId, sid, 1)
      const listed = await elsewhere.sessions.list(userId)
      const found = [first.sid, sid].map(async (sid) => (await sessions.find(userId, sid))?.session)
      const bySid = (a: { sid: string } | undefined, b: { sid: string } | undefined) =>
        (a?.sid ?? '') < (b?.sid ?? '') ? -1 : 1
      t.strictSame(listed.sort(bySid), (await Promise.all(found)).sort(bySid))
      t.equal(listed.length, 2)
    })

    t.test('answers nothing for an unknown account', async (t) => {
      t.strictSame(await sessions.list('nobody'), [])
    })
  })

  t.test('end', async (t) => {
    t.test('ends one session for good', async (t) => {
      const { userId, sid } = await rotated(2)
      const { sid: other } = await start(userId)
      t.equal(await elsewhere.sessions.end(userId, sid), 'ended')
      t.equal(await sessions.find(userId, sid), undefined)
      t.strictSame(await rotate(userId, sid, 3), { outcome: 'missing' })
      t.equal(await sessions.end(userId, sid), 'missing')
      t.strictSame(await live(userId), [other])
    })

    t.test("knows neither unknown sessions nor another account's", async (t) => {
      const { userId, sid } = await rotated(0)
      const other = await rotated(0)
      for (const [who, what] of [
        [userId, sortableId()],
        [userId, other.sid],
        ['nobody', sid],
      ] as const) {
        t.equal(await sessions.end(who, what), 'missing')
      }
      t.strictSame(await live(userId), [sid])
    })
  })

  t.test('endAll', async (t) => {
    t.test('ends every session of the account and counts the live ones', async (t) => {
      const { userId } = await signedUp()
      const other = await rotated(0)
      t.equal(await sessions.endAll(userId), 0)
      for (const idle of [hour, hour, hour, second]) await start(userId, { idle })
      await age(userId, minute)
      t.equal(await sessions.endAll(userId), 3)
      t.strictSame(await live(userId), [])
      t.equal(await sessions.endAll(userId), 0)
      t.strictSame(await live(other.userId), [other.sid])
    })
  })

  t.test('rotate', async (t) => {
    t.test('takes the present generation for its successor', async (t) => {
      const { userId, sid } = await rotated(0)
      await age(userId, minute)
      const before = await sessions.find(userId, sid)
      if (before === undefined) throw new Error('The session is gone')
      const rotation = await rotate(userId, sid, 1, { device: laptop, idle: 2 * hour })
      if (rotation.outcome !== 'rotated') throw new Error(rotation.outcome)
      const { now } = rotation
      t.ok(now >= before.session.rotatedAt + minute)
      t.strictSame(rotation, {
        outcome: 'rotated',
        now,
        account: before.account,
        session: {
          ...before.session,
          ...laptop,
          generation: 2,
          rotatedAt: now,
          expiresAt: now + 2 * hour,
        },
      })
      t.match(await elsewhere.sessions.find(userId, sid), { session: rotation.session })
    })

    t.test('tells the device of the last one, however much it says of itself', async (t) => {
      const { userId } = await signedUp()
      const { sid: other } = await start(userId, { device: laptop })
      const { sid } = await start(userId)
      const lengths = [256, 0, 64, 51, 52, 53, 1, 128]
      for (const [index, length] of lengths.entries()) {
        const device = { ip: '203.0.113.42', userAgent: 'x☎. '.repeat(64).slice(0, length) }
        t.match(await rotate(userId, sid, index + 1, { device }), { session: device })
        t.match(await rotate(userId, sid, index + 1), { outcome: 'repeated', session: device })
        t.match(await elsewhere.sessions.find(userId, sid), { session: device })
        const { sid: third, ...started } = await start(userId, { device })
        t.match(started, device)
        t.strictSame(
          new Map((await sessions.list(userId)).map(({ sid, ip }) => [sid, ip])),
          new Map([
            [other, laptop.ip],
            [sid, device.ip],
            [third, device.ip],
          ]),
        )
        t.equal(await sessions.end(userId, third), 'ended')
      }
      t.match(await sessions.find(userId, other), { session: laptop })
    })

    t.test('hands the same successor to the previous generation inside the grace', async (t) => {
      const { userId, sid } = await rotated(3)
      const first = await rotate(userId, sid, 4)
      if (first.outcome !== 'rotated') throw new Error(first.outcome)
      for (const { sessions } of [stores, elsewhere, stores]) {
        const again = await inShort({ ...stores, sessions }).rotate(userId, sid, 4, {
          device: laptop,
          punish: false,
        })
        if (again.outcome !== 'repeated') throw new Error(again.outcome)
        t.strictSame(again.session, first.session, 'whoever asks, and from where')
        t.strictSame(again.account, first.account)
        t.ok(again.now >= first.now && again.now <= first.now + 30 * second)
      }
    })

    t.test('measures the grace from the rotation, not from the last repetition', async (t) => {
      const { userId, sid } = await rotated(1)
      await age(userId, 20 * second)
      t.match(await rotate(userId, sid, 1), { outcome: 'repeated' })
      await age(userId, 20 * second)
      t.strictSame(await rotate(userId, sid, 1), { outcome: 'reused' })
    })

    for (const [what, generations, presented, later] of [
      ['the previous generation after the grace', 2, 2, 31 * second],
      ['a generation before the previous one, inside the grace', 2, 1, 0],
      ['generation 0, which was never issued, of a session that is new', 0, 0, 0],
      ['generation 0 of a session that has rotated', 1, 0, 0],
    ] as const) {
      t.test(`takes ${what} for reuse, and ends the session`, async (t) => {
        const { userId, sid } = await rotated(generations)
        const { sid: other } = await start(userId)
        await age(userId, later)
        t.strictSame(await rotate(userId, sid, presented), { outcome: 'reused' })
        t.equal(await sessions.find(userId, sid), undefined)
        t.strictSame(
          await rotate(userId, sid, generations + 1),
          { outcome: 'missing' },
          'the owner is signed out with the thief',
        )
        t.strictSame(await live(userId), [other], 'the other device is not')
      })

      t.test(`calls ${what} stale when it is not to punish`, async (t) => {
        const { userId, sid } = await rotated(generations)
        await age(userId, later)
        t.strictSame(await rotate(userId, sid, presented, { punish: false }), { outcome: 'stale' })
        t.match(await rotate(userId, sid, generations + 1), { outcome: 'rotated' })
      })
    }

    t.test('believes a generation that it has not heard of', async (t) => {
      // A failover lost the last writes; the client still holds what was acknowledged to it.
      const { userId, sid } = await rotated(1)
      t.match(await rotate(userId, sid, 7), { outcome: 'rotated', session: { generation: 8 } })
      t.match(await rotate(userId, sid, 7), { outcome: 'repeated', session: { generation: 8 } })
      t.match(await rotate(userId, sid, 8), { outcome: 'rotated', session: { generation: 9 } })
      t.strictSame(await rotate(userId, sid, 2), { outcome: 'reused' })
    })

    t.test('brings no ended or unknown session into being', async (t) => {
      const { userId, sid } = await rotated(0)
      const other = await rotated(0)
      await sessions.end(userId, sid)
      for (const what of [sid, other.sid, sortableId()]) {
        for (const generation of [0, 1, 2]) {
          t.strictSame(await rotate(userId, what, generation), { outcome: 'missing' })
        }
        t.equal(await sessions.find(userId, what), undefined)
      }
      t.strictSame(await live(userId), [])
    })

    t.test('looks at the account before it looks at the session', async (t) => {
      const { userId, sid } = await rotated(2)
      await alter(userId, { isActive: false })
      for (const [what, generation] of [
        [sid, 3],
        [sid, 1],
        [sortableId(), 1],
      ] as const) {
        t.strictSame(await rotate(userId, what, generation), { outcome: 'account_gone' })
      }
      await alter(userId, { isActive: true })
      t.match(await rotate(userId, sid, 3), { outcome: 'rotated' }, 'and leaves that alone')
      await alter(userId)
      t.strictSame(await rotate(userId, sid, 4), { outcome: 'account_gone' })
      t.strictSame(await rotate('nobody', sid, 1), { outcome: 'account_gone' })
    })

    t.test('keeps a session alive as long as it is used', async (t) => {
      const { userId } = await signedUp()
      const { sid } = await start(userId, { idle: hour, absolute: day })
      for (let generation = 1; generation <= 10; generation++) {
        await age(userId, 50 * minute)
        t.match(await rotate(userId, sid, generation), { outcome: 'rotated' })
      }
      t.match(await sessions.find(userId, sid), { session: { generation: 11 } })
    })

    t.test('never lets it outlive its absolute end', async (t) => {
      const { userId } = await signedUp()
      const { sid, createdAt, endsAt } = await start(userId, { idle: hour, absolute: 2 * hour })
      await age(userId, 50 * minute)
      await rotate(userId, sid, 1)
      await age(userId, 50 * minute)
      const last = await rotate(userId, sid, 2)
      if (last.outcome !== 'rotated') throw new Error(last.outcome)
      t.equal(endsAt - createdAt, 2 * hour)
      t.equal(last.session.endsAt - last.session.createdAt, 2 * hour)
      t.equal(last.session.expiresAt, last.session.endsAt)
      await age(userId, 21 * minute)
      t.strictSame(await rotate(userId, sid, 3), { outcome: 'missing' })
    })

    t.test('has one winner among fifty that present one generation at once', async (t) => {
      const { userId, sid } = await rotated(1)
      const rotations = await fiftyTimes(subject, (stores) =>
        inShort(stores).rotate(userId, sid, 2),
      )
      t.strictSame(tally(rotations.map(({ outcome }) => outcome)), { rotated: 1, repeated: 49 })
      const successors = rotations.map((rotation) =>
        'session' in rotation ? JSON.stringify(rotation.session) : rotation.outcome,
      )
      t.equal(new Set(successors).size, 1, 'they all get one successor')
      t.strictSame(await live(userId), [sid])
      t.match(await rotate(userId, sid, 3), { outcome: 'rotated' })
    })

    t.test('never leaves a session that was ended meanwhile', async (t) => {
      const { userId } = await signedUp()
      const outcomes = await fiftyTimes(subject, async (stores, i) => {
        const { sid } = await start(userId, { cap: 50 })
        const [rotation, ended] = await Promise.all(
          i % 3 === 0
            ? [rotate(userId, sid, 1), stores.sessions.end(userId, sid)]
            : [inShort(stores).rotate(userId, sid, 1), sessions.end(userId, sid)],
        )
        t.equal(ended, 'ended')
        return rotation.outcome
      })
      t.ok(outcomes.every((outcome) => ['rotated', 'missing'].includes(outcome)))
      t.strictSame(await live(userId), [])
    })
  })

  t.test('a session past its idle end is missing to every method', async (t) => {
    for (const company of ['alone', 'beside one that lives longer']) {
      t.test(company, async (t) => {
        const { userId, sid } = await rotated(1)
        const others = company === 'alone' ? [] : [await start(userId, { idle: day })]
        await age(userId, hour + second)
        t.equal(await sessions.find(userId, sid), undefined)
        t.strictSame(
          await live(userId),
          others.map(({ sid }) => sid),
        )
        t.equal(await sessions.end(userId, sid), 'missing')
        t.strictSame(await rotate(userId, sid, 2), { outcome: 'missing' })
      })
    }

    t.test('nor does reuse of it count', async (t) => {
      const { userId, sid } = await rotated(2)
      await start(userId, { idle: day })
      await age(userId, hour + second)
      t.strictSame(await rotate(userId, sid, 1), { outcome: 'missing' })
      t.equal(await sessions.find(userId, sid), undefined)
    })
  })

  // Times are whole hundreds of seconds and the limits lie half-way between, so that the time which the
  // test itself takes changes no outcome.
  t.test('any sequence of presented generations is judged by the one rule', async (t) => {
    const step = 100 * second
    const limits = { idle: 60.5 * step, absolute: 200.5 * step, grace: 3.5 * step }
    const move = fc.record({
      wait: fc.constantFrom(0, 0, 0, step, 2 * step, 4 * step, 30 * step, 61 * step),
      /** Relative to the present one; the lowest are cut to 0, which is never issued. */
      offset: fc.constantFrom(-3, -2, -1, -1, -1, 0, 0, 0, 0, 1, 2),
      punish: fc.constantFrom(true, false, false),
      there: fc.boolean(),
    })
    const seen = new Set<string>()

    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 5, maxLength: 25 }), async (moves) => {
        const { userId } = await signedUp()
        const { sid } = await start(userId, limits)
        let now = 0
        const model = { generation: 1, rotatedAt: 0, expiresAt: limits.idle, isLive: true }
        for (const { wait, offset, punish, there } of moves) {
          if (wait > 0) await age(userId, wait)
          now += wait
          model.isLive &&= now < model.expiresAt
          const presented = Math.max(0, model.generation + offset)
          const verdict = judge(model, presented, now, limits.grace)
          const expected = !model.isLive
            ? 'missing'
            : verdict === 'reused' && !punish
              ? 'stale'
              : verdict
          if (expected === 'rotated') {
            model.generation = presented + 1
            model.rotatedAt = now
            model.expiresAt = Math.min(now + limits.idle, limits.absolute)
          }
          model.isLive &&= expected !== 'reused'

          const rotation = await inShort(there ? elsewhere : stores).rotate(
            userId,
            sid,
            presented,
            { ...limits, punish },
          )
          if (rotation.outcome !== expected) {
            throw new Error(`${rotation.outcome} in place of ${expected}`)
          }
          seen.add(rotation.outcome)
          const found = await sessions.find(userId, sid)
          if (found?.session.generation !== (model.isLive ? model.generation : undefined)) {
            throw new Error(`at generation ${found?.session.generation}`)
          }
        }
      }),
      { numRuns: 60 },
    )
    t.strictSame([...seen].sort(), ['missing', 'repeated', 'reused', 'rotated', 'stale'])
  })
}
