import type { Redis } from 'ioredis'
import t from 'tap'
import type { RecoveryStore } from '../../src/accounts/recovery-store.js'
import { StoreUnavailable } from '../../src/errors.js'
import { randomId } from '../../src/ids.js'
import { createKeys } from '../../src/redis/keys.js'
import { createRecoveryStore } from '../../src/redis/recovery-store.js'
import { createAnnouncer } from '../../src/sessions/invalidation.js'
import { fiftyTimes, inShort, newAccount, second, tally } from '../stores/subject.js'
import { startRedis } from '../support/redis.js'
import { open } from './open.js'

t.test('the change of an email', async (t) => {
  const server = await startRedis(t)
  const raw = await server.connect()
  const keys = createKeys('gh:')
  const { stores } = await open(t, server)
  const { stores: elsewhere } = await open(t, server)
  const { signedUp } = inShort(stores)
  const { accounts } = stores
  const subject = { stores, elsewhere, age: async () => {}, alter: async () => {} }

  /** The store of an instance about each of whose commands `before` decides: how many it has sent so far. */
  const watched = (before: (sent: number) => unknown): RecoveryStore => {
    let sent = 0
    const client = new Proxy(raw, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          await before(sent++)
          return method.apply(target, args)
        }
      },
    })
    return createRecoveryStore(client as Redis, keys, createAnnouncer())
  }
  /** An instance whose process ends after so many commands. */
  const mortal = (commands: number): RecoveryStore =>
    watched((sent) => {
      if (sent >= commands) throw new Error('This process has ended')
    })

  /** Lets 10 s pass for claims and marks. */
  const lapse = async (userId: string): Promise<void> => {
    const ms = 10 * second
    for (const key of await raw.keys('gh:email:*')) {
      const left = await raw.pttl(key)
      if (left >= 0) await raw.pexpire(key, left - ms)
    }
    const until = await raw.hget(keys.account(userId), 'movingUntil')
    if (until !== null) await raw.hset(keys.account(userId), 'movingUntil', Number(until) - ms)
  }

  const wanting = async () => {
    const { userId, email: from } = await signedUp()
    const to = newAccount().email
    const hash = randomId()
    const token = { purpose: 'change_email' as const, hash, email: from, newEmail: to }
    await stores.recovery.keep(userId, { ...token, askedAt: Date.now() })
    return { userId, from, to, hash }
  }
  const cutShort = async (commands: number) => {
    const wish = await wanting()
    const outcome = await mortal(commands)
      .changeEmail(wish.userId, wish.hash)
      .then(({ outcome }) => outcome)
      .catch((error: unknown) => {
        t.type(error, StoreUnavailable)
        return 'cut short'
      })
    return { ...wish, outcome }
  }

  // Each script is known to the server from here on, so that a command is sent once.
  await wanting().then(({ userId, hash }) => stores.recovery.changeEmail(userId, hash))
  let through = 0
  while ((await cutShort(through)).outcome !== 'changed') through++
  t.ok(through >= 5, `it takes ${through} commands`)

  for (let commands = 0; commands < through; commands++) {
    t.test(`cut short after ${commands} of its ${through} commands`, async (t) => {
      t.test('leaves an account that is found by the email that it bears', async (t) => {
        const { userId } = await cutShort(commands)
        const account = await accounts.findById(userId)
        t.match(await accounts.findByEmail(account?.email ?? ''), { userId })
        await lapse(userId)
        t.match(await accounts.findByEmail(account?.email ?? ''), { userId }, 'also later')
      })

      t.test('can be gone through with by the same link', async (t) => {
        const { userId, hash, to } = await cutShort(commands)
        const isThrough = (await accounts.findById(userId))?.email === to
        // A claim whose owner has died blocks the email for its life.
        await lapse(userId)
        const outcome = isThrough ? 'invalid' : 'changed'
        t.match(await stores.recovery.changeEmail(userId, hash), { outcome })
        t.match(await accounts.findByEmail(to), { userId, email: to })
      })

      t.test('leaves both emails to exactly one account each', async (t) => {
        const { userId, from, to } = await cutShort(commands)
        await lapse(userId)
        const bears = (await accounts.findById(userId))?.email
        for (const email of [from, to]) {
          const outcomes = await fiftyTimes(subject, ({ accounts }) =>
            accounts.create(newAccount({ email })),
          )
          const expected = bears === email ? { email_taken: 50 } : { created: 1, email_taken: 49 }
          t.strictSame(tally(outcomes), expected)
        }
        t.match(await accounts.findByEmail(bears ?? ''), { userId })
      })
    })

    for (const isLate of [false, true]) {
      const when = isLate ? 'for too long ' : ''
      t.test(`that stalls ${when}after ${commands} makes no twin`, async (t) => {
        const { userId, to, hash } = await wanting()
        const rivals: string[] = []
        const outcome = await watched(async (sent) => {
          if (sent !== commands) return
          if (isLate) await lapse(userId)
          const created = await accounts.create(newAccount({ email: to }))
          rivals.push(created)
        })
          .changeEmail(userId, hash)
          .then(({ outcome }) => outcome)
          .catch(() => 'unavailable')
        const moved = (await accounts.findById(userId))?.email === to
        t.equal(outcome === 'changed', moved)
        t.equal(rivals[0] === 'created', !moved, `${outcome}, ${rivals[0]}`)
        const holder = await accounts.findByEmail(to)
        t.equal(holder?.userId === userId, moved)
      })
    }
  }
})
