import fc from 'fast-check'
import type { Test } from 'tap'
import type { Account } from '../../src/accounts/account.js'
import type { AccountQuery } from '../../src/accounts/account-list.js'
import { randomId } from '../../src/ids.js'
import { fiftyTimes, inShort, newAccount, type Subject, tally } from './subject.js'

/** Holds a store to what `AccountStore` promises of changes, removals, lists and the last admin. */
export const administrationContract = (t: Test, subject: Subject): void => {
  const { stores, elsewhere, alter } = subject
  const { accounts } = stores
  const { signedUp, start, tryStart, rotate, live } = inShort(stores)

  /** All accounts that a query finds, page by page. */
  const listed = async (query: Partial<AccountQuery>): Promise<Account[]> => {
    const found: Account[] = []
    let cursor: string | undefined
    do {
      const page = await accounts.list({ limit: 7, ...query, ...(cursor && { cursor }) })
      found.push(...page.accounts)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return found
  }

  const admins = () => listed({ role: 'admin', isActive: true })

  /** So many admins, and no other active ones. */
  const onlyAdmins = async (count: number): Promise<Account[]> => {
    const before = await admins()
    const made = await Promise.all(Array.from({ length: count }, () => signedUp({ role: 'admin' })))
    for (const { userId } of before) await accounts.change(userId, { role: 'user' })
    return made
  }

  t.test('change', async (t) => {
    t.test('changes what is named and nothing else', async (t) => {
      await onlyAdmins(1)
      let account = await signedUp({ name: 'Ada', emailVerified: true })
      for (const change of [
        { name: 'Łukasz "x" \\ 王 😀' },
        { role: 'admin' },
        { isActive: false },
        { name: 'Eve', role: 'user', isActive: true },
      ] as const) {
        const expected = { ...account, ...change }
        const changed = await accounts.change(account.userId, change)
        t.strictSame(changed, { outcome: 'changed', before: account, account: expected })
        t.strictSame(await elsewhere.accounts.findById(account.userId), expected)
        t.strictSame(await accounts.findByEmail(account.email), expected)
        account = expected
      }
    })

    t.test('says so when there is nothing to change, or nobody', async (t) => {
      const account = await signedUp()
      const { userId, name, role, isActive } = account
      for (const change of [{}, { name }, { name, role, isActive }]) {
        const changed = await accounts.change(userId, change)
        t.strictSame(changed, { outcome: 'unchanged', before: account, account })
      }
      const { userId: gone } = await signedUp()
      await accounts.remove(gone)
      for (const nobody of ['nobody', gone]) {
        t.strictSame(await accounts.change(nobody, { name: 'Eve' }), { outcome: 'missing' })
        t.equal(await accounts.findById(nobody), undefined)
      }
    })

    t.test('happens once, however many ask for it at once', async (t) => {
      const { userId } = await signedUp()
      const changes = await fiftyTimes(subject, ({ accounts }) =>
        accounts.change(userId, { isActive: false }),
      )
      t.strictSame(tally(changes.map(({ outcome }) => outcome)), { changed: 1, unchanged: 49 })
    })

    t.test('of name and role leaves the sessions alone', async (t) => {
      const { userId } = await signedUp()
      const { sid } = await start(userId)
      await accounts.change(userId, { name: 'Eve', role: 'admin' })
      t.match(await elsewhere.sessions.find(userId, sid), {
        account: { name: 'Eve', role: 'admin' },
      })
      t.strictSame(await live(userId), [sid])
    })

    t.test('to inactive ends every session, and none outruns it', async (t) => {
      const { userId } = await signedUp()
      const { sid } = await start(userId)
      await Promise.all([
        accounts.change(userId, { isActive: false }),
        ...Array.from({ length: 20 }, (_, i) => {
          const { tryStart, rotate } = inShort(i % 2 === 0 ? stores : elsewhere)
          return i % 3 === 0 ? rotate(userId, sid, 1) : tryStart(userId)
        }),
      ])
      t.strictSame(await live(userId), [])
      t.equal(await tryStart(userId), 'account_changed')
      t.match(await rotate(userId, sid, 1), { outcome: 'account_gone' })
      await accounts.change(userId, { isActive: true })
      t.strictSame(await live(userId), [], 'nor does a session come back with the account')
      t.match(await rotate(userId, sid, 1), { outcome: 'missing' })
      t.not(await tryStart(userId), 'account_changed')
    })
  })

  t.test('remove', async (t) => {
    t.test('leaves nothing of the account, and its email to others', async (t) => {
      const account = await signedUp()
      const { userId, email } = account
      const { sid, createdAt: lastLoginAt } = await start(userId)
      t.strictSame(await accounts.remove(userId), {
        outcome: 'removed',
        account: { ...account, lastLoginAt },
      })
      t.equal(await elsewhere.accounts.findById(userId), undefined)
      t.equal(await elsewhere.accounts.findByEmail(email), undefined)
      t.equal(await elsewhere.sessions.find(userId, sid), undefined)
      t.match(await rotate(userId, sid, 1), { outcome: 'account_gone' })
      t.strictSame(await live(userId), [])
      t.strictSame(await listed({ search: email }), [])
      const next = await signedUp({ email })
      t.strictSame(await accounts.findByEmail(email), next)
      t.strictSame(await accounts.remove(userId), { outcome: 'missing' })
      t.strictSame(await accounts.findByEmail(email), next, 'which a second removal leaves alone')
    })

    t.test('happens once, however many ask for it, and no sign-in outruns it', async (t) => {
      const { userId } = await signedUp()
      const [removals] = await Promise.all([
        fiftyTimes(subject, ({ accounts }) => accounts.remove(userId)),
        fiftyTimes(subject, (stores) => inShort(stores).tryStart(userId)),
      ])
      t.strictSame(tally(removals.map(({ outcome }) => outcome)), { removed: 1, missing: 49 })
      t.equal(await accounts.findById(userId), undefined)
      t.strictSame(await live(userId), [])
    })
  })

  t.test('an email', async (t) => {
    t.test('leads only to an account that bears it', async (t) => {
      const moved = await signedUp()
      await alter(moved.userId, { email: newAccount().email })
      t.equal(await accounts.findByEmail(moved.email), undefined)
      const outcomes = await fiftyTimes(subject, ({ accounts }) =>
        accounts.create(newAccount({ email: moved.email })),
      )
      t.strictSame(tally(outcomes), { created: 1, email_taken: 49 }, 'and others may have it')
      t.match(await accounts.findByEmail(moved.email), { email: moved.email })
    })
  })

  t.test('the last active admin', async (t) => {
    /** What takes an admin away. */
    const ways = [
      ['demoted', ({ accounts }, userId) => accounts.change(userId, { role: 'user' })],
      ['deactivated', ({ accounts }, userId) => accounts.change(userId, { isActive: false })],
      ['removed', ({ accounts }, userId) => accounts.remove(userId)],
    ] as const satisfies [
      string,
      (stores: Subject['stores'], userId: string) => Promise<{ outcome: string }>,
    ][]

    for (const [what, takeAway] of ways) {
      t.test(`is not ${what}`, async (t) => {
        const [first, second] = await onlyAdmins(2)
        if (first === undefined || second === undefined) throw new Error('No admins')
        t.not((await takeAway(stores, first.userId)).outcome, 'last_admin', 'unlike the first')
        await start(second.userId)
        t.strictSame(await takeAway(elsewhere, second.userId), { outcome: 'last_admin' })
        t.match(await accounts.findById(second.userId), { role: 'admin', isActive: true })
        t.equal((await live(second.userId)).length, 1)
        await signedUp({ role: 'admin', isActive: false })
        t.strictSame(
          await takeAway(stores, second.userId),
          { outcome: 'last_admin' },
          'one who is inactive does not count',
        )
        const { userId } = await signedUp()
        await accounts.change(userId, { role: 'admin' })
        t.not((await takeAway(stores, second.userId)).outcome, 'last_admin')
        t.strictSame(await takeAway(stores, userId), { outcome: 'last_admin' })
      })

      t.test(`is not ${what} by any of many at once`, async (t) => {
        const made = await onlyAdmins(10)
        const takings = await fiftyTimes(subject, async (stores, i) => {
          const [, way] = i < 25 ? [what, takeAway] : (ways[i % 3] ?? ways[0])
          return way(stores, made[i % 10]?.userId ?? '')
        })
        t.equal((await admins()).length, 1)
        t.ok(takings.some(({ outcome }) => outcome === 'last_admin'))
      })
    }

    t.test('may be renamed, and an inactive one changed and removed', async (t) => {
      const [last] = await onlyAdmins(1)
      t.match(await accounts.change(last?.userId ?? '', { name: 'Eve' }), { outcome: 'changed' })
      const { userId } = await signedUp({ role: 'admin', isActive: false })
      t.match(await accounts.change(userId, { role: 'user' }), { outcome: 'changed' })
      t.match(await accounts.remove(userId), { outcome: 'removed' })
    })

    t.test('stays while others come and go', async (t) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              who: fc.nat(3),
              change: fc.constantFrom(
                { role: 'user' },
                { role: 'admin' },
                { isActive: false },
                { isActive: true },
                { role: 'admin', isActive: true },
              ),
            }),
            { minLength: 4, maxLength: 24 },
          ),
          async (steps) => {
            const made = await onlyAdmins(2)
            made.push(await signedUp(), await signedUp())
            const changes = await Promise.all(
              steps.map(({ who, change }, i) => {
                const { accounts } = i % 2 === 0 ? stores : elsewhere
                return accounts.change(made[who]?.userId ?? '', change)
              }),
            )
            const left = await admins()
            if (left.length === 0) throw new Error(`No admin is left: ${JSON.stringify(changes)}`)
            // The store counts neither too many nor too few: all but one can be demoted.
            for (const { userId } of left.slice(1)) {
              const { outcome } = await accounts.change(userId, { role: 'user' })
              if (outcome !== 'changed') throw new Error(`${outcome} with others left`)
            }
            const [last] = left
            const { outcome } = await accounts.change(last?.userId ?? '', { role: 'user' })
            if (outcome !== 'last_admin') throw new Error(`${outcome} of the last`)
          },
        ),
        { numRuns: 15 },
      )
      t.ok((await admins()).length > 0)
    })
  })

  t.test('list', async (t) => {
    t.test('shows the newest first, also of those made at once', async (t) => {
      const name = randomId()
      const ages = [1_700_000_000_000, 1_700_000_000_000, 1_600_000_000_000, 9_000_000, 5]
      const made = await Promise.all(ages.map((createdAt) => signedUp({ name, createdAt })))
      made.push(await signedUp({ name }))
      const order = made.sort((a, b) => b.createdAt - a.createdAt || (a.userId < b.userId ? 1 : -1))
      for (const limit of [1, 2, 5, 6, 7, 100]) {
        t.strictSame(await listed({ search: name, limit }), order)
      }
    })

    t.test('ends where there are no more, and has an answer where there are none', async (t) => {
      const name = randomId()
      t.strictSame(await accounts.list({ limit: 5, search: name }), { accounts: [] })
      const made = [await signedUp({ name, createdAt: 2 }), await signedUp({ name, createdAt: 1 })]
      const page = { limit: 2, search: name }
      t.strictSame(await accounts.list(page), { accounts: made })
      const first = await accounts.list({ ...page, limit: 1 })
      t.strictSame(first.accounts, made.slice(0, 1))
      const { nextCursor: cursor = '' } = first
      t.strictSame(await accounts.list({ ...page, cursor }), { accounts: made.slice(1) })
    })

    t.test('without a filter has every account once', async (t) => {
      const { userId } = await signedUp({ createdAt: Date.now() + 1_000 })
      const all = await listed({})
      t.equal(all[0]?.userId, userId)
      t.equal(new Set(all.map((account) => account.userId)).size, all.length)
      t.strictSame(await listed({ limit: 1_000 }), all)
    })

    t.test('finds by email, name, role and state', async (t) => {
      const tag = randomId().toLowerCase()
      const [ada, bob] = await Promise.all([
        signedUp({ name: `Ada ${tag.toUpperCase()}`, createdAt: 2, role: 'admin' }),
        signedUp({ email: `${tag}@example.com`, createdAt: 1, isActive: false }),
      ])
      const search = tag
      t.strictSame(await listed({ search }), [ada, bob])
      t.strictSame(await listed({ search, role: 'admin' }), [ada])
      t.strictSame(await listed({ search, role: 'user' }), [bob])
      t.strictSame(await listed({ search, isActive: false }), [bob])
      t.strictSame(await listed({ search, isActive: true, role: 'user' }), [])
      t.strictSame(await listed({ search: tag.slice(1) }), [])
    })

    t.test('refuses a cursor that is none', async (t) => {
      for (const cursor of [
        '',
        'x',
        '-',
        '+',
        '(abc',
        '000000001',
        '000000001\u0000',
        ' '.repeat(9),
      ]) {
        await t.rejects(accounts.list({ limit: 1, cursor }), { code: 'VALIDATION_FAILED' }, cursor)
      }
    })

    t.test('neither skips nor repeats while accounts come and go', async (t) => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 4 }),
          fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
          fc.array(fc.tuple(fc.boolean(), fc.nat(30), fc.nat(3)), { maxLength: 12 }),
          async (limit, births, churn) => {
            const name = randomId()
            const born = (createdAt: number) => signedUp({ name, createdAt: 1_000 + createdAt })
            const there = await Promise.all(births.map(born))
            const staying = new Set(there.map(({ userId }) => userId))
            const seen: string[] = []
            let cursor: string | undefined
            do {
              const query = { limit, search: name, ...(cursor && { cursor }) }
              const page = await accounts.list(query)
              seen.push(...page.accounts.map(({ userId }) => userId))
              cursor = page.nextCursor
              const [isBirth, who, at] = churn.shift() ?? [false, there.length, 0]
              if (isBirth) there.push(await born(at))
              const gone = isBirth ? undefined : there[who]
              if (gone === undefined) continue
              await elsewhere.accounts.remove(gone.userId)
              staying.delete(gone.userId)
            } while (cursor !== undefined)
            if (new Set(seen).size !== seen.length) throw new Error('An account was repeated')
            for (const userId of staying) {
              if (!seen.includes(userId)) throw new Error('An account was skipped')
            }
          },
        ),
        { numRuns: 30 },
      )
      t.pass('in no order of events')
    })
  })
}
