import t from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import { eventually, person } from '../support/app.js'
import { startRedis } from '../support/redis.js'
import { gatehouseEnv, startExample } from './spawn.js'

const example = 'embedded/server.js'
const own = 'http://localhost:5000'
const env = { ...gatehouseEnv, PUBLIC_URL: own }

t.test('an app with Gatehouse in it', async (t) => {
  const server = await startExample(t, example, env)
  const { ask } = server
  const signUp = async (name: string) =>
    (await ask('/api/auth/register', undefined, person(name))).body.data

  t.test('knows its people on its own routes', async (t) => {
    const { accessToken } = await signUp('ada')
    t.match(await ask('/notes'), { status: 401, body: { code: 'NO_TOKEN' } })
    t.match(await ask('/notes', accessToken, { text: 'A glass onion' }), {
      status: 200,
      body: { notes: ['A glass onion'] },
    })
    t.strictSame((await ask('/notes', accessToken)).body, {
      owner: 'ada',
      notes: ['A glass onion'],
    })
    t.strictSame((await ask('/notes', (await signUp('bob')).accessToken)).body.notes, [])
  })

  t.test('asks for a role where it wants one', async (t) => {
    const { accessToken } = await signUp('eve')
    t.match(await ask('/statistics', accessToken), {
      status: 403,
      body: { code: 'INSUFFICIENT_PERMISSIONS', requiredRoles: ['admin'], userRole: 'user' },
    })
  })

  t.test('refuses the token at the next request once its session has ended', async (t) => {
    const { accessToken, refreshToken } = await signUp('joe')
    t.equal((await ask('/notes', accessToken)).status, 200)
    t.equal((await ask('/api/auth/logout', undefined, { refreshToken })).status, 200)
    t.match(await ask('/notes', accessToken), { status: 401, body: { code: 'INVALID_TOKEN' } })
  })

  t.test('takes no cookie along with what a foreign page makes a browser send', async (t) => {
    const { accessToken } = await signUp('lin')
    const post = (headers: Record<string, string>) =>
      fetch(`${server.url}/notes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"text":"a note"}',
      })
    const cookie = `access_token=${accessToken}`
    t.equal((await post({ cookie, origin: own })).status, 200)
    const refused = await post({ cookie, origin: 'https://evil.example' })
    t.equal(refused.status, 403)
    t.match(await refused.json(), { code: 'CSRF_REJECTED' })
    t.equal((await post({ cookie, 'sec-fetch-site': 'cross-site' })).status, 403)
    const bearer = { authorization: `Bearer ${accessToken}`, origin: 'https://evil.example' }
    t.equal((await post(bearer)).status, 200, 'which no page can send by itself')
  })

  t.test('ends when it is told to', async (t) => {
    server.kill('SIGTERM')
    t.strictSame(await server.exited, { code: 0, signal: null })
  })
})

t.test('on Redis, with a role that the store has', async (t) => {
  const redis = await startRedis(t)
  const { ask } = await startExample(t, example, { ...env, REDIS_URL: redis.url })
  await eventually(async () => (await ask('/health/ready')).status === 200)
  const { body } = await ask('/api/auth/register', undefined, person('eve'))
  const { user, accessToken } = body.data
  await redis.command('HSET', createKeys('gh:').account(user.userId), 'role', 'admin')
  t.strictSame((await ask('/statistics', accessToken)).body, { people: 0, notes: 0 })
})
