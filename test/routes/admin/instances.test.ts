import t from 'tap'
import { randomId } from '../../../src/ids.js'
import { signedUpAdmin } from '../../support/accounts.js'
import { refused } from '../../support/answers.js'
import { build, type Device, eventually, password } from '../../support/app.js'
import { createClient } from '../../support/client.js'
import { startRedis } from '../../support/redis.js'

/** Two instances that share a Redis, an admin at the first, and whoever signs up there seen at the second. */
const twoInstances = async () => {
  const redis = await startRedis(t)
  const shared = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: `${randomId()}:` }
  const [here, there] = [await build(t, shared), await build(t, shared)]
  for (const { app } of [here, there]) {
    await eventually(async () => app.stores.invalidations.isProved())
  }
  const elsewhere = (device: Device) => {
    const authorization = `Bearer ${device.cookies().access_token}`
    return createClient(there.app, { authorization })
  }
  return { here, there, elsewhere, admin: await signedUpAdmin(here, 'admin') }
}

const { here, there, elsewhere, admin } = await twoInstances()
const url = '/api/admin/users'

t.test('what is done at one instance is in force at the other, which knew better', async (t) => {
  /** Acts on somebody whose token the other instance has in its cache; answers how it sees them then. */
  const changed = async (
    name: string,
    act: (device: Device) => Promise<{ statusCode: number }>,
  ) => {
    const device = await here.signedUp(name)
    const client = elsewhere(device)
    const ask = () => client.get('/api/profile')
    const before = (await ask()).body
    // The news of the sign-in may overtake the first readings, which are not kept then.
    await eventually(async () => {
      const { hits } = there.app.sessions.cache.stats()
      await ask()
      return there.app.sessions.cache.stats().hits > hits
    })
    t.equal((await act(device)).statusCode, 200)
    await eventually(async () => (await ask()).body !== before)
    return ask()
  }

  t.test('a new name', async (t) => {
    const answer = await changed('ada', (ada) => ada.patch('/api/profile', { name: 'Lovelace' }))
    t.equal(answer.json().data.user.name, 'Lovelace')
  })
  t.test('a role', async (t) => {
    const answer = await changed('bob', ({ userId }) =>
      admin.patch(`${url}/${userId}`, { role: 'admin' }),
    )
    t.equal(answer.json().data.user.role, 'admin')
  })
  t.test('a deactivation', async (t) => {
    const answer = await changed('eve', ({ userId }) =>
      admin.patch(`${url}/${userId}`, { isActive: false }),
    )
    refused(t, answer, 401, 'INVALID_TOKEN')
  })
  t.test("an account's deletion by an admin", async (t) => {
    const answer = await changed('dan', ({ userId }) => admin.delete(`${url}/${userId}`))
    refused(t, answer, 401, 'INVALID_TOKEN')
  })
  t.test("an account's deletion by its owner", async (t) => {
    const answer = await changed('fay', (fay) => fay.delete('/api/profile', { password }))
    refused(t, answer, 401, 'INVALID_TOKEN')
  })
  t.test('the end of all sessions', async (t) => {
    const answer = await changed('gil', ({ userId }) => admin.delete(`${url}/${userId}/sessions`))
    refused(t, answer, 401, 'INVALID_TOKEN')
  })
})

t.test('admins who take each other away over two instances at once leave one', async (t) => {
  const admins = await Promise.all(
    Array.from({ length: 6 }, (_, i) => signedUpAdmin(here, `admin-${i}`)),
  )
  const clients = admins.map((device, i) => (i % 2 === 0 ? device : elsewhere(device)))
  const answers = await Promise.all(
    clients.flatMap((client, i) =>
      [...admins, admin].map(({ userId }, k) => {
        const one = `${url}/${userId}`
        if ((i + k) % 3 === 0) return client.delete(one)
        return client.patch(one, (i + k) % 3 === 1 ? { role: 'user' } : { isActive: false })
      }),
    ),
  )
  for (const { statusCode } of answers) t.ok([200, 401, 403, 404, 409].includes(statusCode))
  const query = { limit: 100, role: 'admin', isActive: true } as const
  const { accounts } = await there.app.stores.accounts.list(query)
  t.ok(accounts.length > 0)
  for (const { userId } of accounts.slice(1)) {
    await there.app.stores.accounts.change(userId, { role: 'user' })
  }
  const last = accounts[0]?.userId ?? ''
  t.match(await here.app.stores.accounts.remove(last), { outcome: 'last_admin' })
})
