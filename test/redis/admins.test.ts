import { EventEmitter, once } from 'node:events'
import t from 'tap'
import type { Account } from '../../src/accounts/account.js'
import { placeOf } from '../../src/accounts/account-list.js'
import type { AccountStore } from '../../src/accounts/account-store.js'
import { StoreUnavailable } from '../../src/errors.js'
import { createKeys } from '../../src/redis/keys.js'
import { inShort, newAccount, second } from '../stores/subject.js'
import { eventually } from '../support/app.js'
import { startRedis } from '../support/redis.js'
import { open } from './open.js'
import { mortalAccounts, watchedAccounts } from './watched.js'

const server = await startRedis(t)
const raw = await server.connect()
const keys = createKeys('gh:')
const { stores } = await open(t, server)
const { accounts } = stores
const { signedUp, start } = inShort(stores)

/** Takes an admin away in one of the ways there are. */
type Way = (accounts: AccountStore, userId: string) => Promise<{ outcome: string }>
const ways: Record<string, Way> = {
  demotion: (accounts, userId) => accounts.change(userId, { role: 'user' }),
  deactivation: (accounts, userId) => accounts.change(userId, { isActive: false }),
  removal: (accounts, userId) => accounts.remove(userId),
}
const demote = (userId: string) => accounts.change(userId, { role: 'user' })

const admins = async () =>
  (await accounts.list({ limit: 1_000, role: 'admin', isActive: true })).accounts

/** Two admins, and no trace of others. */
const twoAdmins = async (): Promise<[Account, Account]> => {
  await raw.flushall()
  return [await signedUp({ role: 'admin' }), await signedUp({ role: 'admin' })]
}

/** Lets so much time pass for the memory of who left. */
const age = async (ms: number): Promise<void> => {
  for (const [userId, entry] of Object.entries(await raw.hgetall(keys.admins))) {
    const known = JSON.parse(entry)
    if (known.left > 0) known.left -= ms
    await raw.hset(keys.admins, userId, JSON.stringify(known))
  }
}

// Each script is known to the server from here on, so that a command is sent once.
const [known] = await twoAdmins()
await demote(known.userId)
await accounts.remove(known.userId)

for (const [what, takeAway] of Object.entries(ways)) {
  t.test(`a ${what} cut short`, async (t) => {
    const goesThrough = async (commands: number): Promise<boolean> => {
      const [{ userId }] = await twoAdmins()
      return takeAway(mortalAccounts(raw, commands), userId).then(
        () => true,
        () => false,
      )
    }
    let through = 0
    while (!(await goesThrough(through))) through += 1
    t.ok(through >= 4)

    for (let commands = 0; commands < through; commands += 1) {
      t.test(`after ${commands} of its ${through} commands`, async (t) => {
        const [first, other] = await twoAdmins()
        await t.rejects(takeAway(mortalAccounts(raw, commands), first.userId), StoreUnavailable)
        for (const { userId } of [other, first, other]) await demote(userId)
        t.equal((await admins()).length, 1, 'leaves one of them')
        const [last] = await admins()

        await age(61 * second)
        await admins()
        const { userId } = await signedUp({ role: 'admin' })
        t.match(
          await demote(last?.userId ?? ''),
          { outcome: 'changed' },
          'who is not kept for ever',
        )
        t.match(await demote(userId), { outcome: 'last_admin' })
      })
    }
  })
}

t.test('somebody left out by a crash counts again', async (t) => {
  t.test('when they are listed', async (t) => {
    const [first, other] = await twoAdmins()
    const mortal = mortalAccounts(raw, 2)
    await t.rejects(mortal.change(first.userId, { role: 'user' }), StoreUnavailable)
    t.match(await demote(other.userId), { outcome: 'last_admin' }, 'not yet')
    await admins()
    t.match(await demote(other.userId), { outcome: 'last_admin' }, 'the change may be under way')
    await age(61 * second)
    await admins()
    t.match(await demote(other.userId), { outcome: 'changed' })
    t.match(await demote(first.userId), { outcome: 'last_admin' })
  })

  t.test('when they have just become one', async (t) => {
    const [first, other] = await twoAdmins()
    await demote(other.userId)
    const mortal = mortalAccounts(raw, 1)
    await t.rejects(mortal.change(other.userId, { role: 'admin' }), StoreUnavailable)
    t.match(await accounts.findById(other.userId), { role: 'admin' })
    t.match(await demote(first.userId), { outcome: 'last_admin' })
    t.match(await accounts.change(other.userId, { role: 'admin' }), { outcome: 'unchanged' })
    t.match(await demote(first.userId), { outcome: 'changed' }, 'being given the role once more')
  })

  t.test('when they were made one', async (t) => {
    const [first, other] = await twoAdmins()
    await demote(other.userId)
    const made = newAccount({ role: 'admin' })
    await t.rejects(mortalAccounts(raw, 5).create(made), StoreUnavailable)
    t.strictSame(await accounts.findById(made.userId), made)
    t.match(await demote(first.userId), { outcome: 'last_admin' })
    await admins()
    t.match(await demote(first.userId), { outcome: 'changed' })
  })
})

t.test('somebody who is no admin does not count', async (t) => {
  t.test('by a message that is late', async (t) => {
    const [first, other] = await twoAdmins()
    await demote(other.userId)
    // It has changed the account, and is about to put it among the admins.
    const slow = watchedAccounts(raw, async (sent) => {
      if (sent === 1) t.match(await demote(other.userId), { outcome: 'changed' })
    })
    t.match(await slow.change(other.userId, { role: 'admin' }), { account: { role: 'admin' } })
    t.match(await demote(first.userId), { outcome: 'last_admin' })
    t.strictSame(
      (await admins()).map(({ userId }) => userId),
      [first.userId],
    )
  })

  t.test('by a message that is late while they are taken away again', async (t) => {
    const [first, other] = await twoAdmins()
    await demote(other.userId)
    const arrival = new EventEmitter()
    const promotion = watchedAccounts(raw, async (sent) => {
      if (sent === 1) await once(arrival, 'due')
    }).change(other.userId, { role: 'admin' })
    await eventually(async () => (await accounts.findById(other.userId))?.role === 'admin')

    // Out of the admins already, and seen to leave one; not changed yet.
    const demotion = watchedAccounts(raw, async (sent) => {
      if (sent !== 3) return
      arrival.emit('due')
      await promotion
      t.match(await demote(first.userId), { outcome: 'last_admin' })
    })
    t.match(await demotion.change(other.userId, { role: 'user' }), { outcome: 'changed' })
    t.match(await admins(), [{ userId: first.userId }])
  })

  t.test('by an entry that a failover brought back', async (t) => {
    const [first, other] = await twoAdmins()
    await demote(other.userId)
    await raw.hset(keys.admins, other.userId, JSON.stringify({ standing: 1, left: 0 }))
    t.match(await demote(first.userId), { outcome: 'last_admin' })
    await accounts.change(other.userId, { role: 'admin' })
    t.match(await demote(first.userId), { outcome: 'changed' })
  })

  t.test('and is forgotten in time', async (t) => {
    const [first, other] = await twoAdmins()
    await demote(first.userId)
    await accounts.change(first.userId, { role: 'admin' })
    await accounts.remove(other.userId)
    t.equal(await raw.hexists(keys.admins, other.userId), 1)
    await age(3_601 * second)
    await signedUp({ role: 'admin' })
    await demote(first.userId)
    t.equal(await raw.hexists(keys.admins, other.userId), 0)
  })
})

t.test('an admin who changes under every try is left alone in the end', async (t) => {
  const [first] = await twoAdmins()
  const change = watchedAccounts(raw, async () => {
    await raw.hincrby(keys.account(first.userId), 'standing', 1)
  }).change(first.userId, { role: 'user' })
  await t.rejects(change, StoreUnavailable)
  t.match(await accounts.findById(first.userId), { role: 'admin' })
})

t.test('the list', async (t) => {
  t.test('clears away places that lead nowhere, and no draft', async (t) => {
    await raw.flushall()
    const draft = newAccount()
    await t.rejects(mortalAccounts(raw, 3).create(draft), StoreUnavailable)
    const { userId } = await signedUp()
    const gone = await signedUp()
    await raw.del(keys.account(gone.userId))
    t.match(await accounts.list({ limit: 10 }), { accounts: [{ userId }] })
    const places = await raw.zrange(keys.users, '0', '-1')
    t.notOk(places.includes(placeOf(gone)))
    t.ok(places.includes(placeOf(draft)))
  })
})

t.test('a removal', async (t) => {
  t.test('takes one-time tokens along', async (t) => {
    const { userId } = await signedUp()
    await start(userId)
    await raw.hset(keys.once(userId), 'reset', 'hash')
    await accounts.remove(userId)
    t.strictSame(await raw.keys(`*${userId}*`), [])
  })

  t.test('cut short leaves the email to be had, and no place once it was listed', async (t) => {
    const account = await signedUp()
    await t.rejects(mortalAccounts(raw, 1).remove(account.userId), StoreUnavailable)
    t.equal(await accounts.findByEmail(account.email), undefined)
    t.equal(await accounts.create(newAccount({ email: account.email })), 'created')
    await accounts.list({ limit: 100 })
    t.equal(await raw.zscore(keys.users, placeOf(account)), null)
  })
})
