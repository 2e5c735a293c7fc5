import t from 'tap'
import { signedUpAdmin } from '../../support/accounts.js'
import { invalid } from '../../support/answers.js'
import { build, eventually } from '../../support/app.js'
import { startRedis } from '../../support/redis.js'

const url = '/api/admin/events'

interface Event {
  type: string
  time: string
  userId?: string
}

const redis = await startRedis(t)

for (const [store, variables] of Object.entries({
  'the embedded store': {},
  Redis: { REDIS_URL: redis.url },
})) {
  t.test(`GET /api/admin/events from ${store}`, async (t) => {
    const built = await build(t, variables)
    const { app, signedUp } = built
    const admin = await signedUpAdmin(built, 'admin')
    const ada = await signedUp('ada')
    await admin.patch(`/api/admin/users/${ada.userId}`, { role: 'admin' })

    const read = async (query = ''): Promise<{ events: Event[]; nextCursor: string | null }> => {
      const answer = await admin.get(`${url}?${query}`)
      t.equal(answer.statusCode, 200, answer.body)
      return answer.json().data
    }
    // They are written in the background.
    await eventually(async () => (await read('type=role.changed')).events.length === 1)

    t.test('shows who did what to whom, the newest first', async (t) => {
      const { events, nextCursor } = await read()
      t.equal(nextCursor, null)
      const role = events.find(({ type }) => type === 'role.changed')
      t.strictSame(role, {
        type: 'role.changed',
        time: role?.time,
        requestId: (role as { requestId?: string } | undefined)?.requestId,
        userId: ada.userId,
        actorId: admin.userId,
        ip: '127.0.0.1',
        userAgent: 'lightMyRequest',
        reason: 'by_admin',
      })
      const times = events.map(({ time }) => Date.parse(time))
      t.strictSame(
        times,
        [...times].sort((a, b) => b - a),
      )
      t.ok(events.length >= 5)
    })

    t.test('filters by type and account', async (t) => {
      const registered = await read('type=user.registered')
      t.match(registered.events, [{ userId: ada.userId }, { userId: admin.userId }])
      const own = await read(`userId=${ada.userId}`)
      t.strictSame(
        own.events.map(({ type }) => type),
        ['role.changed', 'login.succeeded', 'user.registered'],
      )
      const both = await read(`type=user.registered&userId=${admin.userId}`)
      t.match(both, { events: [{ userId: admin.userId }], nextCursor: null })
      t.strictSame(await read('userId=nobody'), { events: [], nextCursor: null })
    })

    t.test('goes page by page, and what comes in meanwhile moves nothing', async (t) => {
      const all = (await read()).events
      const seen: Event[] = []
      let page = await read('limit=2')
      seen.push(...page.events)
      while (page.nextCursor !== null) {
        app.events.emit('logout', { requestId: 'r', ip: '', userAgent: '' })
        page = await read(`limit=2&cursor=${page.nextCursor}`)
        seen.push(...page.events)
      }
      t.strictSame(seen, all)
    })

    t.test('refuses a query that is not one, naming what is wrong', async (t) => {
      for (const [query, fields] of [
        ['limit=0', ['limit']],
        ['limit=101', ['limit']],
        ['cursor=odd', ['cursor']],
        ['type=odd', ['type']],
        ['type=', ['type']],
        [`userId=${'x'.repeat(65)}`, ['userId']],
        ['user=ada', ['user']],
      ] as const) {
        invalid(t, await admin.get(`${url}?${query}`), [...fields])
      }
    })
  })
}
