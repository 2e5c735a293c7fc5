import type { Redis } from 'ioredis'
import t from 'tap'
import { createAccountStore } from '../../src/redis/account-store.js'
import { createKeys } from '../../src/redis/keys.js'
import { createAnnouncer } from '../../src/sessions/invalidation.js'
import { newAccount } from '../stores/subject.js'
import { startRedis } from '../support/redis.js'

t.test('whether an email has an account or not, as many commands find it out', async (t) => {
  const server = await startRedis(t)
  const raw = await server.connect()
  const keys = createKeys('gh:')
  const sent: string[] = []
  const client = new Proxy(raw, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        sent.push(String(name))
        return method.apply(target, args)
      }
    },
  })
  const accounts = createAccountStore(client as Redis, keys, createAnnouncer())
  const ada = newAccount()
  await accounts.create(ada)
  const removed = newAccount()
  await accounts.create(removed)
  await accounts.remove(removed.userId)

  const find = async (email: string) => {
    sent.length = 0
    const account = await accounts.findByEmail(email)
    return { userId: account?.userId, commands: [...sent] }
  }
  const { userId, commands } = await find(ada.email)
  t.equal(userId, ada.userId)
  t.ok(commands.length > 0)
  for (const email of [removed.email, 'nobody@example.com']) {
    t.strictSame(await find(email), { userId: undefined, commands })
  }
})
