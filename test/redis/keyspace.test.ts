import { readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import { createKeys } from '../../src/redis/keys.js'
import { fiftyTimes, inShort, newAccount, second, tally } from '../stores/subject.js'
import { startRedis } from '../support/redis.js'
import { open } from './open.js'
import { mortalAccounts, watchedAccounts } from './watched.js'

const scripts = new URL('../../src/redis/lua/', import.meta.url)

t.test('every script touches only keys that it was given', async (t) => {
  for (const name of readdirSync(scripts)) {
    const source = readFileSync(new URL(name, scripts), 'utf8')
    const calls = [...source.matchAll(/redis\.p?call\s*\(([^)]*)/g)].map(([, args]) => args ?? '')
    const keyless = /^'(TIME|PUBLISH)'/
    t.strictSame(
      calls.filter((args) => !keyless.test(args) && !/^'[A-Z]+', KEYS\[\d\]/.test(args)),
      [],
      name,
    )
  }
})

t.test('all keys of an account lie in one slot of a Cluster', async (t) => {
  const server = await startRedis(t, { args: ['--cluster-enabled', 'yes'] })
  const slot = (key: string) => server.command('CLUSTER', 'KEYSLOT', key)
  for (const prefix of ['', 'gh:', '{a}:', 'a{', '}{']) {
    const keys = createKeys(prefix)
    for (const key of [keys.sessions('ada'), keys.once('ada')]) {
      t.equal(await slot(key), await slot(keys.account('ada')), key)
    }
  }
  const { account } = createKeys('gh:')
  t.not(await slot(account('ada')), await slot(account('bob')), 'accounts are spread')
})

t.test('an email turns up in no key', async (t) => {
  const { email } = createKeys('gh:')
  t.match(email('ada@example.com'), /^gh:email:[\w-]{21}$/)
  t.not(email('ada@example.com'), email('bob@example.com'))
})

t.test('the creation of an account', async (t) => {
  const server = await startRedis(t)
  const raw = await server.connect()
  const keys = createKeys('gh:')
  const { stores } = await open(t, server)
  const { stores: elsewhere } = await open(t, server)
  const subject = { stores, elsewhere, age: async () => {}, alter: async () => {} }
  const { signedUp } = inShort(stores)

  const watched = (before: (sent: number) => unknown) => watchedAccounts(raw, before)
  const mortal = (commands: number) => mortalAccounts(raw, commands)

  /** Takes as much off the life of every key that has one. */
  const lapse = async (ms: number): Promise<void> => {
    for (const key of await raw.keys('*')) {
      const left = await raw.pttl(key)
      if (left >= 0) await raw.pexpire(key, left - ms)
    }
  }

  const allLasting = async (t: Test, ...names: string[]) => {
    for (const name of names) t.equal(await raw.pttl(name), -1, name)
  }

  // Each script is known to the server from here on, so that a command is sent once.
  await signedUp()

  t.test('leaves what lasts when it is through', async (t) => {
    const { userId, email } = await signedUp()
    await allLasting(t, keys.account(userId), keys.email(email))
    t.equal(await raw.hexists(keys.account(userId), 'draft'), 0)
    const places = await raw.zrange(keys.users, '0', '-1')
    t.ok(places.some((place) => place.endsWith(userId)))
  })

  /** An email that is there to be had, and how many commands it takes to claim it. */
  const situations = [
    { what: 'a free email', prepare: async () => newAccount().email, claimed: 1 },
    {
      what: 'an email whose account has vanished',
      prepare: async () => {
        const { userId, email } = await signedUp()
        await raw.del(keys.account(userId))
        return email
      },
      claimed: 3,
    },
  ]

  for (const { what, prepare, claimed } of situations) {
    t.test(`for ${what}`, async (t) => {
      const goesThrough = async (commands: number): Promise<boolean> => {
        const account = newAccount({ email: await prepare() })
        const outcome = await mortal(commands)
          .create(account)
          .catch(() => 'cut short')
        return outcome === 'created'
      }
      let through = 0
      while (!(await goesThrough(through))) through++
      const cuts = Array.from({ length: through }, (_, commands) => commands)
      t.ok(through > claimed)

      t.test('has one winner of fifty', async (t) => {
        const email = await prepare()
        const outcomes = await fiftyTimes(subject, ({ accounts }) =>
          accounts.create(newAccount({ email })),
        )
        t.strictSame(tally(outcomes), { created: 1, email_taken: 49 })
        t.match(await stores.accounts.findByEmail(email), { email })
      })

      for (const commands of cuts) {
        t.test(`cut short after ${commands} of its ${through} commands`, async (t) => {
          t.test('blocks the email for the life of a claim and no longer', async (t) => {
            const account = newAccount({ email: await prepare() })
            const { email } = account
            await t.rejects(mortal(commands).create(account), StoreUnavailable)
            const early = newAccount({ email })
            const late = newAccount({ email })
            const outcomes = [await stores.accounts.create(early)]
            await lapse(10 * second)
            outcomes.push(await stores.accounts.create(late))
            t.strictSame(
              outcomes,
              commands < claimed ? ['created', 'email_taken'] : ['email_taken', 'created'],
            )
            const kept = commands < claimed ? early : late
            t.strictSame(await stores.accounts.findByEmail(email), kept)
            await allLasting(t, keys.account(kept.userId), keys.email(email))
            t.equal(await raw.exists(keys.account(account.userId)), 0, 'and leaves no account')
          })

          t.test('shows no account that would not last', async (t) => {
            const account = newAccount({ email: await prepare() })
            await t.rejects(mortal(commands).create(account), StoreUnavailable)
            t.equal(await stores.accounts.findByEmail(account.email), undefined)
            t.equal(await stores.accounts.findById(account.userId), undefined)
          })

          t.test('makes way for exactly one of fifty', async (t) => {
            const account = newAccount({ email: await prepare() })
            await t.rejects(mortal(commands).create(account), StoreUnavailable)
            await lapse(10 * second)
            const outcomes = await fiftyTimes(subject, ({ accounts }) =>
              accounts.create(newAccount({ email: account.email })),
            )
            t.strictSame(tally(outcomes), { created: 1, email_taken: 49 })
          })
        })

        t.test(`leaves it to a quicker one when it stalls after ${commands}`, async (t) => {
          const slow = newAccount({ email: await prepare() })
          const quick = newAccount({ email: slow.email })
          const outcome = await watched(async (sent) => {
            if (sent !== commands) return
            await lapse(10 * second)
            t.equal(await stores.accounts.create(quick), 'created')
          })
            .create(slow)
            .catch((error: unknown) => error)
          if (outcome !== 'email_taken') t.type(outcome, StoreUnavailable)
          t.strictSame(await stores.accounts.findByEmail(slow.email), quick)
          t.equal(await stores.accounts.findById(slow.userId), undefined)
          await lapse(10 * second)
          t.equal(await raw.exists(keys.account(slow.userId)), 0)
          await allLasting(t, keys.account(quick.userId), keys.email(slow.email))
        })
      }
    })
  }
})
