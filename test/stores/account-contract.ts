import type { Test } from 'tap'
import { fiftyTimes, inShort, newAccount, type Subject, tally } from './subject.js'

/** Holds a store to what `AccountStore` promises. */
export const accountContract = (t: Test, subject: Subject): void => {
  const { stores, elsewhere, alter } = subject
  const { accounts } = stores
  const { signedUp, start, tryStart, live } = inShort(stores)

  t.test('create', async (t) => {
    t.test('keeps the account as it was given, to be found by email and by id', async (t) => {
      for (const account of [
        newAccount(),
        newAccount({
          name: 'Łukasz "x" \\ 王 😀',
          role: 'admin',
          emailVerified: true,
          isActive: false,
          passwordVersion: 12,
          lastLoginAt: 1_700_000_000_001,
        }),
      ]) {
        t.equal(await accounts.create(account), 'created')
        for (const { accounts } of [stores, elsewhere]) {
          t.strictSame(await accounts.findById(account.userId), account)
          t.strictSame(await accounts.findByEmail(account.email), account)
        }
      }
    })

    t.test('refuses an email that is taken and leaves its account alone', async (t) => {
      const first = await signedUp()
      const second = newAccount({ email: first.email })
      t.equal(await accounts.create(second), 'email_taken')
      t.strictSame(await accounts.findByEmail(first.email), first)
      t.equal(await accounts.findById(second.userId), undefined)
    })

    t.test('refuses an id that is taken and leaves its account alone', async (t) => {
      const first = await signedUp()
      const second = newAccount({ userId: first.userId })
      t.equal(await accounts.create(second), 'id_taken')
      t.strictSame(await accounts.findById(first.userId), first)
      t.equal(await accounts.findByEmail(second.email), undefined)
      const third = newAccount({ email: second.email })
      t.equal(await accounts.create(third), 'created', 'and the email is free at once')
    })

    t.test('lets exactly one of fifty have an id they all want at once', async (t) => {
      const { userId } = newAccount()
      const wanting = Array.from({ length: 50 }, () => ({ ...newAccount(), userId }))
      const outcomes = await fiftyTimes(subject, async ({ accounts }, i) =>
        accounts.create(wanting[i] ?? newAccount()),
      )
      t.strictSame(tally(outcomes), { created: 1, id_taken: 49 })
      const winner = wanting[outcomes.indexOf('created')]
      t.strictSame(await accounts.findById(userId), winner)
    })

    t.test('does no harm when it is called again', async (t) => {
      const account = await signedUp()
      t.equal(await accounts.create(account), 'email_taken')
      t.strictSame(await accounts.findByEmail(account.email), account)
    })

    t.test('lets exactly one of fifty have an email they all want at once', async (t) => {
      const { email } = newAccount()
      const wanting = Array.from({ length: 50 }, () => newAccount({ email }))
      const outcomes = await fiftyTimes(subject, async ({ accounts }, i) =>
        accounts.create(wanting[i] ?? newAccount()),
      )
      t.strictSame(tally(outcomes), { created: 1, email_taken: 49 })
      const winner = wanting[outcomes.indexOf('created')]
      t.strictSame(await accounts.findByEmail(email), winner)
      const found = await Promise.all(wanting.map(({ userId }) => accounts.findById(userId)))
      t.strictSame(
        found.filter((account) => account !== undefined),
        [winner],
        'the others leave nothing',
      )
    })

    t.test('lets fifty have an email each at once', async (t) => {
      const made = Array.from({ length: 50 }, () => newAccount())
      const outcomes = await fiftyTimes(subject, async ({ accounts }, i) =>
        accounts.create(made[i] ?? newAccount()),
      )
      t.strictSame(tally(outcomes), { created: 50 })
      t.strictSame(
        await Promise.all(made.map(({ email }) => elsewhere.accounts.findByEmail(email))),
        made,
      )
    })
  })

  t.test('find answers nothing for what is not there', async (t) => {
    t.equal(await accounts.findByEmail('nobody@example.com'), undefined)
    t.equal(await accounts.findById('nobody'), undefined)
    const gone = await signedUp()
    await alter(gone.userId)
    t.equal(await accounts.findByEmail(gone.email), undefined)
    t.equal(await accounts.findById(gone.userId), undefined)
  })

  t.test('renewHash', async (t) => {
    t.test('swaps the hash and nothing else', async (t) => {
      const account = await signedUp()
      const to = newAccount().passwordHash
      t.equal(await accounts.renewHash(account.userId, account.passwordHash, to), 'renewed')
      t.strictSame(await accounts.findById(account.userId), { ...account, passwordHash: to })
    })

    t.test('writes nothing over a hash that is not the expected one', async (t) => {
      const account = await signedUp({ passwordHash: '$argon2id$m=1$salt$digest' })
      for (const other of ['$argon2id$m=1$salt$other', '$argon2id$m=2$salt$digest', '']) {
        t.equal(await accounts.renewHash(account.userId, other, '$x$y'), 'changed')
      }
      t.strictSame(await accounts.findById(account.userId), account)
    })

    t.test('makes no account of an unknown id', async (t) => {
      t.equal(await accounts.renewHash('nobody', '$a$b', '$c$d'), 'changed')
      t.equal(await accounts.findById('nobody'), undefined)
    })

    t.test('happens once, however many ask for it at once', async (t) => {
      const { userId, passwordHash } = await signedUp()
      const outcomes = await fiftyTimes(subject, ({ accounts }, i) =>
        accounts.renewHash(userId, passwordHash, `$argon2id$${i}$x`),
      )
      t.strictSame(tally(outcomes), { renewed: 1, changed: 49 })
      t.match(await accounts.findById(userId), {
        passwordHash: `$argon2id$${outcomes.indexOf('renewed')}$x`,
      })
    })
  })

  t.test('changePassword', async (t) => {
    t.test('sets the hash, counts the change and ends every session', async (t) => {
      const { userId, ...account } = await signedUp()
      const { createdAt: lastLoginAt } = await start(userId)
      await start(userId)
      t.equal(await accounts.changePassword(userId, 1, '$new$hash'), 'changed')
      t.match(await accounts.findById(userId), {
        ...account,
        passwordHash: '$new$hash',
        passwordVersion: 2,
        lastLoginAt: Number,
      })
      t.ok(lastLoginAt > 0)
      t.strictSame(await live(userId), [])
    })

    t.test('is not outrun by a sign-in that checked the old password', async (t) => {
      const { userId } = await signedUp()
      const [outcome] = await Promise.all([
        accounts.changePassword(userId, 1, '$new$hash'),
        ...Array.from({ length: 20 }, (_, i) =>
          inShort(i % 2 === 0 ? stores : elsewhere).tryStart(userId),
        ),
      ])
      t.equal(outcome, 'changed')
      t.strictSame(await live(userId), [])
      t.equal(await tryStart(userId), 'account_changed')
      t.not(await tryStart(userId, { passwordVersion: 2 }), 'account_changed')
    })

    t.test('does nothing to an account that is gone, inactive or changed already', async (t) => {
      t.equal(await accounts.changePassword('nobody', 1, '$new$hash'), 'account_changed')
      t.equal(await accounts.findById('nobody'), undefined)
      const account = await signedUp()
      const { userId } = account
      const { sid, createdAt: lastLoginAt } = await start(userId)
      for (const version of [0, 2]) {
        t.equal(await accounts.changePassword(userId, version, '$new$hash'), 'account_changed')
      }
      await alter(userId, { isActive: false })
      t.equal(await accounts.changePassword(userId, 1, '$new$hash'), 'account_changed')
      await alter(userId, { isActive: true })
      t.strictSame(await accounts.findById(userId), { ...account, lastLoginAt })
      t.strictSame(await live(userId), [sid])
    })

    t.test('happens once, however many ask for it at once', async (t) => {
      const { userId } = await signedUp()
      const outcomes = await fiftyTimes(subject, ({ accounts }, i) =>
        accounts.changePassword(userId, 1, `$argon2id$${i}$x`),
      )
      t.strictSame(tally(outcomes), { changed: 1, account_changed: 49 })
      t.match(await accounts.findById(userId), {
        passwordHash: `$argon2id$${outcomes.indexOf('changed')}$x`,
        passwordVersion: 2,
      })
    })
  })
}
