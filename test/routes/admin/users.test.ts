import t from 'tap'
import type { SecurityEvent } from '../../../src/events/security-event.js'
import { newAccount } from '../../stores/subject.js'
import { signedUpAdmin } from '../../support/accounts.js'
import { cookieChanges, invalid, refused } from '../../support/answers.js'
import { type Built, build, type LogLine, password, person } from '../../support/app.js'

const url = '/api/admin/users'
const bothCookies = { set: [], cleared: ['access_token', 'refresh_token'] }
const userMembers = [
  'userId',
  'email',
  'name',
  'role',
  'emailVerified',
  'createdAt',
  'lastLoginAt',
  'isActive',
]

/** The security events in the log that are about an account, by those of these types. */
const eventsOf = (log: LogLine[], userId: string, ...types: SecurityEvent['type'][]) =>
  log.filter((line) => line.userId === userId && types.some((type) => type === line.event))

const withAdmin = async (t: Parameters<typeof build>[0], variables = {}) => {
  const built = await build(t, variables)
  return { ...built, admin: await signedUpAdmin(built, 'admin') }
}

const signInTo = ({ client }: Pick<Built, 'client'>, name: string, given = password) =>
  client().post('/api/auth/login', { email: person(name).email, password: given })

t.test('GET /api/admin/users', async (t) => {
  const built = await withAdmin(t)
  const { admin, signedUp, app } = built
  const ada = await signedUp('Ada.Lovelace')
  const bob = await signedUp('bob')
  await app.stores.accounts.change(bob.userId, { name: "Jean-Luc O'Brien Ünal" })

  const ids = async (query: string): Promise<string[]> => {
    const answer = await admin.get(`${url}?${query}`)
    t.equal(answer.statusCode, 200, answer.body)
    return answer.json().data.users.map(({ userId }: { userId: string }) => userId)
  }

  t.test(
    'shows accounts, the newest first, and no more of them than an admin may see',
    async (t) => {
      const answer = await admin.get(url)
      const { users } = answer.json().data
      t.strictSame(answer.json(), {
        success: true,
        message: 'Accounts',
        data: { users, nextCursor: null },
      })
      t.equal(answer.headers['cache-control'], 'no-store')
      t.strictSame(
        users.map(({ userId }: { userId: string }) => userId),
        [bob.userId, ada.userId, admin.userId],
      )
      for (const user of users) t.strictSame(Object.keys(user), userMembers, 'no hash')
      t.match(users[2], { role: 'admin', isActive: true, email: 'admin@example.com' })
      t.match(users[1].lastLoginAt, /^\d{4}-.*Z$/)
    },
  )

  t.test('tells of somebody who has never signed in', async (t) => {
    const { userId, ...account } = (await app.stores.accounts.findById(ada.userId)) ?? newAccount()
    await app.stores.accounts.create({
      ...account,
      userId: 'silent',
      email: 's@example.com',
      lastLoginAt: 0,
    })
    t.equal((await admin.get(`${url}/silent`)).json().data.user.lastLoginAt, null)
    await app.stores.accounts.remove('silent')
  })

  t.test('goes page by page', async (t) => {
    const first = (await admin.get(`${url}?limit=2`)).json().data
    t.equal(first.users.length, 2)
    const cursor = encodeURIComponent(first.nextCursor)
    const second = (await admin.get(`${url}?limit=2&cursor=${cursor}`)).json().data
    t.match(second, { users: [{ userId: admin.userId }], nextCursor: null })
  })

  t.test('finds by the beginning of email, name or a word in it, in any case', async (t) => {
    const found: Record<string, string[]> = {
      'ADA.L': [ada.userId],
      'ada.lovelace@example.com': [ada.userId],
      'jean-': [bob.userId],
      LUC: [bob.userId],
      brien: [bob.userId],
      "o'b": [bob.userId],
      'brien ÜN': [bob.userId],
      'u\u0308nal': [bob.userId],
      rien: [],
      example: [],
      ' ': [bob.userId, ada.userId, admin.userId],
    }
    for (const [search, expected] of Object.entries(found)) {
      t.strictSame(await ids(`search=${encodeURIComponent(search)}`), expected, search)
    }
  })

  t.test('filters by role and state', async (t) => {
    await admin.patch(`${url}/${bob.userId}`, { isActive: false })
    t.strictSame(await ids('role=admin'), [admin.userId])
    t.strictSame(await ids('role=user'), [bob.userId, ada.userId])
    t.strictSame(await ids('isActive=false'), [bob.userId])
    t.strictSame(await ids('isActive=true&role=user'), [ada.userId])
    t.strictSame(await ids('isActive=true&search=bob'), [])
    await admin.patch(`${url}/${bob.userId}`, { isActive: true })
  })

  t.test('refuses a query that is not one, naming what is wrong', async (t) => {
    const bad: Record<string, string[]> = {
      'limit=0': ['limit'],
      'limit=101': ['limit'],
      'limit=2.5': ['limit'],
      'limit=ten': ['limit'],
      'limit=': ['limit'],
      'limit=1&limit=2': ['limit'],
      'cursor=odd': ['cursor'],
      'cursor=': ['cursor'],
      [`cursor=${'0'.repeat(200)}`]: ['cursor'],
      'role=root': ['role'],
      'role=': ['role'],
      'isActive=yes': ['isActive'],
      [`search=${'a'.repeat(255)}`]: ['search'],
      'isactive=true': ['isactive'],
      'role=root&limit=0&page=2': ['page', 'limit', 'role'],
    }
    for (const [query, fields] of Object.entries(bad)) {
      invalid(t, await admin.get(`${url}?${query}`), fields)
    }
  })
})

t.test('GET /api/admin/users/:userId', async (t) => {
  const { admin, signedUp } = await withAdmin(t)
  const ada = await signedUp('ada')

  t.test('shows an account', async (t) => {
    const answer = await admin.get(`${url}/${ada.userId}`)
    t.equal(answer.statusCode, 200)
    const { user } = answer.json().data
    t.strictSame(answer.json(), { success: true, message: 'Account', data: { user } })
    t.strictSame(Object.keys(user), userMembers)
    t.match(user, { userId: ada.userId, email: 'ada@example.com', isActive: true })
  })

  t.test('knows nobody of another id', async (t) => {
    for (const id of ['nobody', '%7D', '%00', 'ada%2F..', "'", '%E2%98%83', ada.sessionId]) {
      for (const answer of [
        await admin.get(`${url}/${id}`),
        await admin.patch(`${url}/${id}`, { role: 'admin' }),
        await admin.delete(`${url}/${id}`),
        await admin.post(`${url}/${id}/unlock`),
        await admin.delete(`${url}/${id}/sessions`),
      ]) {
        refused(t, answer, 404, 'USER_NOT_FOUND')
      }
    }
  })
})

t.test('PATCH /api/admin/users/:userId', async (t) => {
  const built = await withAdmin(t)
  const { admin, signedUp, signedIn, log, client } = built

  t.test('changes the role, with which the sessions go on', async (t) => {
    const ada = await signedUp('ada')
    refused(t, await ada.get(url), 403, 'INSUFFICIENT_PERMISSIONS', {
      requiredRoles: ['admin'],
      userRole: 'user',
    })
    const answer = await admin.patch(`${url}/${ada.userId}`, { role: 'admin' })
    const { user } = answer.json().data
    t.strictSame(answer.json(), { success: true, message: 'Account changed', data: { user } })
    t.match(user, { userId: ada.userId, role: 'admin', isActive: true })
    t.equal((await ada.get(url)).statusCode, 200)
    t.equal((await ada.get('/api/profile')).json().data.user.role, 'admin')
    await admin.patch(`${url}/${ada.userId}`, { role: 'user' })
    t.equal((await ada.get(url)).statusCode, 403)
    t.equal((await ada.post('/api/auth/refresh')).statusCode, 200)
    t.match(eventsOf(log, ada.userId, 'role.changed'), [
      { actorId: admin.userId, reason: 'by_admin' },
      { actorId: admin.userId, reason: 'by_admin' },
    ])
  })

  t.test('deactivates: nothing of the account is let in any more', async (t) => {
    const bob = await signedUp('bob')
    t.equal((await bob.get('/api/profile')).statusCode, 200, 'known to the cache')
    const answer = await admin.patch(`${url}/${bob.userId}`, { isActive: false })
    t.match(answer.json().data.user, { userId: bob.userId, isActive: false })
    refused(t, await bob.get('/api/profile'), 401, 'INVALID_TOKEN')
    refused(t, await bob.post('/api/auth/refresh'), 403, 'USER_NOT_FOUND')
    refused(t, await signInTo(built, 'bob'), 401, 'ACCOUNT_DEACTIVATED')
    refused(t, await signInTo(built, 'bob', 'Wrong-Onion-31'), 401, 'INVALID_CREDENTIALS')
    t.match(eventsOf(log, bob.userId, 'account.deactivated'), [{ actorId: admin.userId }])
  })

  t.test('activates: they may sign in again', async (t) => {
    const eve = await signedUp('eve')
    await admin.patch(`${url}/${eve.userId}`, { isActive: false })
    await admin.patch(`${url}/${eve.userId}`, { isActive: true })
    const { access_token } = eve.cookies()
    const headers = { authorization: `Bearer ${access_token}` }
    refused(t, await client().get('/api/profile', headers), 401, 'INVALID_TOKEN')
    t.equal((await (await signedIn('eve')).get('/api/profile')).statusCode, 200)
    t.match(eventsOf(log, eve.userId, 'account.activated'), [{ actorId: admin.userId }])
  })

  t.test('changes both at once', async (t) => {
    const both = await signedUp('both')
    const change = { role: 'admin', isActive: false }
    const answer = await admin.patch(`${url}/${both.userId}`, change)
    t.match(answer.json().data.user, change)
    t.equal(eventsOf(log, both.userId, 'role.changed', 'account.deactivated').length, 2)
  })

  t.test('that changes nothing is no event', async (t) => {
    const same = await signedUp('same')
    const answer = await admin.patch(`${url}/${same.userId}`, { role: 'user', isActive: true })
    t.equal(answer.statusCode, 200)
    const types = ['role.changed', 'account.activated', 'account.deactivated'] as const
    t.strictSame(eventsOf(log, same.userId, ...types), [])
  })

  t.test('refuses bodies that say anything else', async (t) => {
    const ada = await signedIn('ada')
    const bad: [unknown, string[]][] = [
      [{}, ['body']],
      [undefined, ['body']],
      [[], ['body']],
      [{ role: 'root' }, ['role']],
      [{ role: null }, ['role', 'role']],
      [{ isActive: 'false' }, ['isActive']],
      [{ isActive: 0 }, ['isActive']],
      [{ name: 'Eve' }, ['name']],
      [{ role: 'admin', password: 'Glass-Onion-32' }, ['password']],
      [{ email: 'eve@example.com' }, ['email']],
      [{ isActive: true, userId: 'other' }, ['userId']],
    ]
    for (const [body, fields] of bad) {
      invalid(t, await admin.patch(`${url}/${ada.userId}`, body), fields)
    }
    t.match((await ada.get('/api/profile')).json().data.user, { role: 'user', name: 'ada' })
  })
})

t.test('DELETE /api/admin/users/:userId', async (t) => {
  const built = await withAdmin(t)
  const { admin, signedUp, log } = built
  const ada = await signedUp('ada')
  await ada.get('/api/profile')

  t.test('leaves nothing of the account', async (t) => {
    const answer = await admin.delete(`${url}/${ada.userId}`)
    t.strictSame(answer.json(), { success: true, message: 'Account deleted', data: {} })
    t.strictSame(cookieChanges(answer), { set: [], cleared: [] })
    refused(t, await ada.get('/api/profile'), 401, 'INVALID_TOKEN')
    refused(t, await ada.post('/api/auth/refresh'), 403, 'USER_NOT_FOUND')
    refused(t, await signInTo(built, 'ada'), 401, 'INVALID_CREDENTIALS')
    refused(t, await admin.get(`${url}/${ada.userId}`), 404, 'USER_NOT_FOUND')
    refused(t, await admin.delete(`${url}/${ada.userId}`), 404, 'USER_NOT_FOUND')
    t.match(eventsOf(log, ada.userId, 'user.deleted'), [
      { actorId: admin.userId, reason: 'by_admin' },
    ])
    t.match((await admin.get(url)).json().data.users, [{ userId: admin.userId }])
  })

  t.test('sets the email free', async (t) => {
    const again = await signedUp('ada')
    t.not(again.userId, ada.userId)
    t.equal((await again.get('/api/profile')).statusCode, 200)
  })
})

t.test('the last active admin', async (t) => {
  const { admin, signedUp, app } = await withAdmin(t)
  const own = `${url}/${admin.userId}`
  /** Everything that would take an admin away. */
  const ways = (userId: string) => [
    () => admin.patch(`${url}/${userId}`, { role: 'user' }),
    () => admin.patch(`${url}/${userId}`, { isActive: false }),
    () => admin.delete(`${url}/${userId}`),
    () => admin.delete('/api/profile', { password }),
  ]

  t.test('stays, also against their own will', async (t) => {
    for (const way of ways(admin.userId)) refused(t, await way(), 409, 'LAST_ADMIN')
    t.equal((await admin.get(own)).json().data.user.role, 'admin', 'and stays signed in')
  })

  t.test('may go when there is another, who is the last one then', async (t) => {
    const other = await signedUp('other')
    await admin.patch(`${url}/${other.userId}`, { role: 'admin' })
    t.equal((await admin.patch(own, { role: 'user' })).statusCode, 200)
    t.equal((await admin.get(own)).statusCode, 403, 'at once')
    const answer = await other.patch(`${url}/${other.userId}`, { role: 'user' })
    refused(t, answer, 409, 'LAST_ADMIN')
    await other.patch(`${url}/${admin.userId}`, { role: 'admin' })
  })

  t.test('is kept when all admins demote each other at once', async (t) => {
    const admins = await Promise.all(['b', 'c', 'd', 'e'].map((name) => signedUp(`${name}${name}`)))
    for (const { userId } of admins) {
      await app.stores.accounts.change(userId, { role: 'admin' })
    }
    const answers = await Promise.all(
      admins.flatMap((one) =>
        admins.map(({ userId }) => one.patch(`${url}/${userId}`, { role: 'user' })),
      ),
    )
    for (const { statusCode } of answers) t.ok([200, 403, 409].includes(statusCode))
    const { accounts } = await app.stores.accounts.list({ limit: 100, role: 'admin' })
    t.ok(accounts.some(({ isActive }) => isActive))
  })
})

t.test('what admins do to themselves takes their cookies along', async (t) => {
  const built = await withAdmin(t)
  await signedUpAdmin(built, 'last')
  const { signedIn } = built

  t.test('signing out everywhere', async (t) => {
    const admin = await signedIn('admin')
    t.strictSame(cookieChanges(await admin.delete(`${url}/${admin.userId}/sessions`)), bothCookies)
  })
  t.test('deactivation', async (t) => {
    const admin = await signedIn('admin')
    const answer = await admin.patch(`${url}/${admin.userId}`, { isActive: false })
    t.strictSame(cookieChanges(answer), bothCookies)
    await built.app.stores.accounts.change(admin.userId, { isActive: true })
  })
  t.test('deletion', async (t) => {
    const admin = await signedIn('admin')
    t.strictSame(cookieChanges(await admin.delete(`${url}/${admin.userId}`)), bothCookies)
  })
})

t.test('POST /api/admin/users/:userId/unlock', async (t) => {
  const built = await withAdmin(t, { LOCKOUT_TIERS: '3:5m', ACCOUNT_FAILURE_MAX: '4' })
  const { admin, signedUp, log } = built
  const ada = await signedUp('ada')

  t.test('lets the owner in again, from the locked address and from everywhere', async (t) => {
    for (let i = 0; i < 3; i += 1) await signInTo(built, 'ada', 'Wrong-Onion-31')
    refused(t, await signInTo(built, 'ada'), 423, 'ACCOUNT_LOCKED', { lockDurationMinutes: 5 })
    const answer = await admin.post(`${url}/${ada.userId}/unlock`)
    const { user } = answer.json().data
    t.strictSame(answer.json(), { success: true, message: 'Account unlocked', data: { user } })
    t.match(user, { userId: ada.userId, isActive: true })
    for (let i = 0; i < 2; i += 1) {
      refused(t, await signInTo(built, 'ada', 'Wrong-Onion-31'), 401, 'INVALID_CREDENTIALS')
    }
    t.equal((await signInTo(built, 'ada')).statusCode, 200, 'of all failures only two count')
    t.match(eventsOf(log, ada.userId, 'account.unlocked'), [{ actorId: admin.userId }])
  })

  t.test('does no harm to an account that is not locked', async (t) => {
    t.equal((await admin.post(`${url}/${ada.userId}/unlock`)).statusCode, 200)
    t.equal((await ada.get('/api/profile')).statusCode, 200)
  })
})

t.test('DELETE /api/admin/users/:userId/sessions', async (t) => {
  const built = await withAdmin(t)
  const { admin, signedUp, signedIn, log } = built
  const ada = await signedUp('ada')
  const other = await signedIn('ada')
  const answer = await admin.delete(`${url}/${ada.userId}/sessions`)
  const expected = { success: true, message: 'Signed out everywhere', data: { revoked: 2 } }
  t.strictSame(answer.json(), expected)
  for (const device of [ada, other]) {
    refused(t, await device.get('/api/profile'), 401, 'INVALID_TOKEN')
    refused(t, await device.post('/api/auth/refresh'), 403, 'INVALID_REFRESH_TOKEN')
  }
  t.equal((await signInTo(built, 'ada')).statusCode, 200)
  t.match(eventsOf(log, ada.userId, 'session.revoked'), [
    { actorId: admin.userId, reason: 'by_admin' },
  ])
})

t.test('without the role nothing of a request but its headers is looked at', async (t) => {
  const { signedUp, client, log } = await withAdmin(t)
  const ada = await signedUp('ada')
  for (const device of [ada, client()]) {
    for (const answer of [
      await device.get(`${url}?limit=0`),
      await device.get(`${url}/${'x'.repeat(80)}`),
      await device.patch(`${url}/${ada.userId}`, '{"role":', {}),
      await device.patch(`${url}/${ada.userId}`, { role: 'admin' }),
      await device.get('/api/admin/events?type=odd'),
    ]) {
      if (device === ada) {
        const extras = { requiredRoles: ['admin'], userRole: 'user' }
        refused(t, answer, 403, 'INSUFFICIENT_PERMISSIONS', extras)
      } else refused(t, answer, 401, 'NO_TOKEN')
    }
  }
  t.equal(eventsOf(log, ada.userId, 'access.denied').length, 5)
})
