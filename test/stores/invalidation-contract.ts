import type { Test } from 'tap'
import type { Invalidation } from '../../src/sessions/invalidation.js'
import type { Stores } from '../../src/stores.js'
import { eventually } from '../support/app.js'
import { inShort, newAccount, type Subject } from './subject.js'

/** What listeners of one instance have heard, and a way to wait for more. */
const eavesdrop = ({ invalidations }: Stores) => {
  const heard: Invalidation[] = []
  let wake = (): void => {}
  invalidations.listen({
    invalidated: (invalidation) => {
      heard.push(invalidation)
      wake()
    },
    lost: () => {},
    restored: () => {},
  })
  /** Resolves when it holds; the test's time-out ends it otherwise. */
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { heard, until }
}

const isOf = (wanted: Invalidation) => (other: Invalidation) =>
  other.userId === wanted.userId && other.sid === wanted.sid

/** Proof lapses with time and returns with any beat, and no event tells of either. */
const proved = ({ invalidations }: Stores) => eventually(async () => invalidations.isProved())

/** Holds a store to what `Invalidations` promises of every operation that revokes something. */
export const invalidationContract = (t: Test, { stores, elsewhere }: Subject): void => {
  const { accounts, sessions } = stores
  const { signedUp, start, rotate } = inShort(stores)
  const here = eavesdrop(stores)
  const there = eavesdrop(elsewhere)

  /** A session that has been announced everywhere already, two rotations old. */
  const settled = async () => {
    const { userId } = await signedUp()
    const { sid } = await start(userId)
    await rotate(userId, sid, 1)
    await rotate(userId, sid, 2)
    await there.until(() => there.heard.some(isOf({ userId })))
    here.heard.length = 0
    there.heard.length = 0
    return { userId, sid }
  }
  type Settled = Awaited<ReturnType<typeof settled>>

  const account = ({ userId }: Settled): Invalidation => ({ userId })
  const session = ({ userId, sid }: Settled): Invalidation => ({ userId, sid })

  const announced: [
    what: string,
    operation: (settled: Settled) => Promise<unknown>,
    expected: (settled: Settled) => Invalidation,
  ][] = [
    ['the start of a session', ({ userId }) => start(userId), account],
    ['the end of a session', ({ userId, sid }) => sessions.end(userId, sid), session],
    ['the end of all sessions', ({ userId }) => sessions.endAll(userId), account],
    ['the end of a reused session', ({ userId, sid }) => rotate(userId, sid, 1), session],
    [
      'a changed password',
      ({ userId }) => accounts.changePassword(userId, 1, newAccount().passwordHash),
      account,
    ],
    ['a changed name', ({ userId }) => accounts.change(userId, { name: 'Eve' }), account],
    ['a changed role', ({ userId }) => accounts.change(userId, { role: 'admin' }), account],
    ['a deactivation', ({ userId }) => accounts.change(userId, { isActive: false }), account],
    ['a removal', ({ userId }) => accounts.remove(userId), account],
  ]

  t.test('a sign-in says whether it has ended others', async (t) => {
    await proved(stores)
    await proved(elsewhere)
    const { userId } = await settled()
    const said = ({ heard }: typeof here) => heard.filter((one) => one.userId === userId)
    const ended = (listener: typeof here) => said(listener).filter((one) => !one.endsNothing)
    await start(userId, { cap: 2 })
    t.ok(said(here).length > 0)
    await there.until(() => said(there).length > 0)
    t.strictSame([ended(here), ended(there)], [[], []])
    await start(userId, { cap: 2 })
    t.ok(ended(here).length > 0)
    await there.until(() => ended(there).length > 0)
    t.strictSame(ended(there)[0], { userId })
  })

  t.test('every instance hears of', async (t) => {
    await proved(stores)
    await proved(elsewhere)
    for (const [what, operation, expected] of announced) {
      t.test(what, async (t) => {
        const before = await settled()
        await operation(before)
        const { length } = here.heard.filter(isOf(expected(before)))
        t.ok(length > 0, 'at once where it was done')
        await there.until(() => there.heard.some(isOf(expected(before))))
        t.ok(there.heard.length > 0, 'and everywhere else')
      })
    }
  })
}
