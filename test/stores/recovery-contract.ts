import type { Test } from 'tap'
import type { OneTimeToken } from '../../src/accounts/recovery-store.js'
import { randomId } from '../../src/ids.js'
import { day, fiftyTimes, hour, inShort, newAccount, type Subject, tally } from './subject.js'

/** Holds a store to what `RecoveryStore` promises. */
export const recoveryContract = (t: Test, subject: Subject): void => {
  const { stores, elsewhere, age, alter } = subject
  const { accounts, recovery } = stores
  const { signedUp, start, live } = inShort(stores)
  const now = Date.now()

  /** Somebody with a token of this purpose. */
  const withToken = async (purpose: OneTimeToken['purpose'], newEmail?: string) => {
    const account = await signedUp()
    const { userId, email } = account
    const hash = randomId()
    const moved = newEmail === undefined ? {} : { newEmail }
    const token = { purpose, hash, email, ...moved, askedAt: now }
    t.equal(await recovery.keep(userId, token), 'kept')
    return { account, userId, email, hash, token }
  }
  const freeEmail = () => newAccount().email

  t.test('keep', async (t) => {
    t.test('keeps a token for its purpose, to be found elsewhere', async (t) => {
      const { account, userId, hash } = await withToken('verify_email')
      t.strictSame(await elsewhere.recovery.find(userId, 'verify_email', hash), account)
      t.equal(await recovery.find(userId, 'reset_password', hash), undefined)
      t.equal(await recovery.find(userId, 'verify_email', randomId()), undefined)
      t.equal(await recovery.find('nobody', 'verify_email', hash), undefined)
    })

    t.test(
      'puts a newer one in the place of an older one, never the other way round',
      async (t) => {
        const { userId, hash: older, token } = await withToken('reset_password')
        const newer = { ...token, hash: randomId(), askedAt: now + 1 }
        t.equal(await recovery.keep(userId, newer), 'kept')
        t.equal(await recovery.find(userId, 'reset_password', older), undefined)
        t.equal(await recovery.keep(userId, token), 'outdated')
        t.ok(await recovery.find(userId, 'reset_password', newer.hash))
      },
    )

    t.test('leaves tokens of other purposes alone', async (t) => {
      const { userId, hash, token } = await withToken('reset_password')
      const other = { ...token, purpose: 'verify_email' as const, hash: randomId() }
      t.equal(await recovery.keep(userId, other), 'kept')
      t.ok(await recovery.find(userId, 'reset_password', hash))
      t.ok(await recovery.find(userId, 'verify_email', other.hash))
    })

    t.test('keeps none for nobody, or for another email than the account has', async (t) => {
      const { userId, token } = await withToken('verify_email')
      const odd = { ...token, email: freeEmail(), askedAt: now + 1 }
      t.equal(await recovery.keep(userId, odd), 'outdated')
      t.equal(await recovery.keep('nobody', token), 'outdated')
    })

    t.test('keeps none that was asked for before the password changed', async (t) => {
      const { userId, hash, token } = await withToken('reset_password')
      t.equal(await accounts.changePassword(userId, 1, '$new$hash'), 'changed')
      t.equal(await recovery.find(userId, 'reset_password', hash), undefined)
      t.equal(await recovery.keep(userId, token), 'outdated', 'its mail was late')
      t.equal(await recovery.keep(userId, { ...token, askedAt: now + 1_000 * day }), 'kept')
    })
  })

  t.test('each purpose has its life', async (t) => {
    for (const [purpose, life] of [
      ['reset_password', hour],
      ['verify_email', day],
      ['change_email', day],
    ] as const) {
      const { userId, hash, token } = await withToken(purpose, freeEmail())
      await age(userId, life - 10 * 60_000)
      t.ok(await recovery.find(userId, purpose, hash), purpose)
      await age(userId, 10 * 60_000)
      t.equal(await recovery.find(userId, purpose, hash), undefined, purpose)
      const use = {
        reset_password: () => recovery.resetPassword(userId, hash, '$new$hash'),
        verify_email: () => recovery.verifyEmail(userId, hash),
        change_email: async () => (await recovery.changeEmail(userId, hash)).outcome,
      }
      t.equal(await use[purpose](), 'invalid')
      t.equal(await recovery.keep(userId, token), 'kept', 'sent again it is good again')
    }
  })

  t.test('verifyEmail', async (t) => {
    t.test('marks the email verified, once of fifty', async (t) => {
      const { account, userId, hash } = await withToken('verify_email')
      const outcomes = await fiftyTimes(subject, ({ recovery }) =>
        recovery.verifyEmail(userId, hash),
      )
      t.strictSame(tally(outcomes), { verified: 1, invalid: 49 })
      t.strictSame(await accounts.findById(userId), { ...account, emailVerified: true })
    })

    t.test('takes no other token, and none of another email', async (t) => {
      const { userId, hash } = await withToken('verify_email')
      t.equal(await recovery.verifyEmail(userId, randomId()), 'invalid')
      const other = await withToken('verify_email')
      t.equal(await recovery.verifyEmail(userId, other.hash), 'invalid')
      t.equal(await recovery.verifyEmail('nobody', hash), 'invalid')
      await alter(userId, { email: freeEmail() })
      t.equal(await recovery.verifyEmail(userId, hash), 'invalid')
      t.match(await accounts.findById(userId), { emailVerified: false })
    })
  })

  t.test('resetPassword', async (t) => {
    t.test('sets the password, verifies the email and ends every session', async (t) => {
      const { account, userId, hash, token } = await withToken('reset_password')
      const other = { ...token, purpose: 'verify_email' as const, hash: randomId() }
      await recovery.keep(userId, other)
      const { createdAt: lastLoginAt } = await start(userId)
      await start(userId)
      const passwordHash = newAccount().passwordHash
      t.equal(await recovery.resetPassword(userId, hash, passwordHash), 'reset')
      const after = await elsewhere.accounts.findById(userId)
      t.match(after, {
        ...account,
        passwordHash,
        passwordVersion: 2,
        emailVerified: true,
        lastLoginAt: Number,
      })
      t.ok(lastLoginAt > 0)
      t.strictSame(await live(userId), [])
      t.equal(await recovery.find(userId, 'verify_email', other.hash), undefined)
      t.equal(await recovery.keep(userId, token), 'outdated')
    })

    t.test('happens once of fifty', async (t) => {
      const { userId, hash } = await withToken('reset_password')
      const outcomes = await fiftyTimes(subject, ({ recovery }, i) =>
        recovery.resetPassword(userId, hash, `$argon2id$${i}$x`),
      )
      t.strictSame(tally(outcomes), { reset: 1, invalid: 49 })
      t.match(await accounts.findById(userId), {
        passwordHash: `$argon2id$${outcomes.indexOf('reset')}$x`,
        passwordVersion: 2,
      })
    })

    t.test('leaves an inactive account inactive', async (t) => {
      const { userId, hash } = await withToken('reset_password')
      await alter(userId, { isActive: false })
      t.equal(await recovery.resetPassword(userId, hash, '$new$hash'), 'reset')
      t.match(await accounts.findById(userId), { isActive: false, passwordVersion: 2 })
    })

    t.test('takes no other token, and none of another email', async (t) => {
      const { userId, hash } = await withToken('reset_password')
      const before = await accounts.findById(userId)
      t.equal(await recovery.resetPassword(userId, randomId(), '$new$hash'), 'invalid')
      t.equal(await recovery.resetPassword('nobody', hash, '$new$hash'), 'invalid')
      const verify = await withToken('verify_email')
      t.equal(await recovery.resetPassword(verify.userId, verify.hash, '$new$hash'), 'invalid')
      t.strictSame(await accounts.findById(userId), before)
      await alter(userId, { email: freeEmail() })
      t.equal(await recovery.resetPassword(userId, hash, '$new$hash'), 'invalid')
    })
  })

  t.test('changeEmail', async (t) => {
    t.test('gives the account its new email, and frees the old one', async (t) => {
      const to = freeEmail()
      const { account, userId, email: from, hash, token } = await withToken('change_email', to)
      const verify = { ...token, purpose: 'verify_email' as const, hash: randomId() }
      await recovery.keep(userId, verify)
      const { sid } = await start(userId)
      t.strictSame(await recovery.changeEmail(userId, hash), { outcome: 'changed', from, to })
      const after = { ...account, email: to, emailVerified: true, lastLoginAt: Number }
      t.match(await elsewhere.accounts.findByEmail(to), after)
      t.match(await accounts.findById(userId), after)
      t.equal(await accounts.findByEmail(from), undefined)
      t.strictSame(await live(userId), [sid], 'sessions stay')
      t.equal(await recovery.find(userId, 'verify_email', verify.hash), undefined)
      t.equal(await recovery.keep(userId, { ...token, email: to }), 'outdated')
      t.equal(await accounts.create(newAccount({ email: to })), 'email_taken')
      t.equal(await accounts.create(newAccount({ email: from })), 'created')
    })

    t.test('happens once of fifty', async (t) => {
      const to = freeEmail()
      const { userId, hash } = await withToken('change_email', to)
      const outcomes = await fiftyTimes(subject, async ({ recovery }) => {
        const { outcome } = await recovery.changeEmail(userId, hash)
        return outcome
      })
      t.strictSame(tally(outcomes), { changed: 1, invalid: 49 })
      t.match(await accounts.findByEmail(to), { userId, email: to })
    })

    t.test('leaves an email to whoever has it', async (t) => {
      const owner = await signedUp()
      const { account, userId, hash } = await withToken('change_email', owner.email)
      t.strictSame(await recovery.changeEmail(userId, hash), { outcome: 'invalid' })
      t.strictSame(await accounts.findByEmail(owner.email), owner)
      t.strictSame(await accounts.findByEmail(account.email), account)
    })

    t.test('gives an email that many want to one of them', async (t) => {
      const to = freeEmail()
      const wanting = await Promise.all(
        Array.from({ length: 10 }, () => withToken('change_email', to)),
      )
      const outcomes = await Promise.all([
        ...wanting.map(async ({ userId, hash }, i) => {
          const { recovery } = i % 2 === 0 ? stores : elsewhere
          return (await recovery.changeEmail(userId, hash)).outcome
        }),
        ...Array.from({ length: 10 }, () => accounts.create(newAccount({ email: to }))),
      ])
      const { changed = 0, created = 0, ...refused } = tally(outcomes)
      t.equal(changed + created, 1, JSON.stringify(refused))
      t.match(await accounts.findByEmail(to), { email: to })
      const bearing = await Promise.all(wanting.map(({ userId }) => accounts.findById(userId)))
      t.equal(bearing.filter((account) => account?.email === to).length, changed)
    })

    t.test('takes no other token, and none of an inactive account', async (t) => {
      const { userId, hash } = await withToken('change_email', freeEmail())
      for (const attempt of [[userId, randomId()] as const, ['nobody', hash] as const]) {
        t.strictSame(await recovery.changeEmail(...attempt), { outcome: 'invalid' })
      }
      await alter(userId, { isActive: false })
      t.strictSame(await recovery.changeEmail(userId, hash), { outcome: 'invalid' })
    })
  })
}
