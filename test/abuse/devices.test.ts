import t from 'tap'
import { checkSubject } from '../../src/abuse/check-subject.js'
import { createDevices, knownMs } from '../../src/abuse/devices.js'
import { randomId } from '../../src/ids.js'
import { build, password, person, secrets } from '../support/app.js'
import { elapse } from '../support/clock.js'

const secret = secrets.JWT_SECRET
const [ada, bob] = [randomId(), randomId()]

t.test('the value of the device cookie', async (t) => {
  const devices = createDevices([secret])
  const value = devices.write(undefined, ada)
  const device = devices.read(value)

  t.test('names the device and the accounts that it signed in to, the latest first', async (t) => {
    t.match(device, { id: /^\w{22}$/, userIds: [ada] })
    const next = devices.read(devices.write(device, bob))
    t.strictSame(next, { id: device?.id, userIds: [bob, ada] })
    t.strictSame(devices.read(devices.write(next, ada)), { id: device?.id, userIds: [ada, bob] })
    t.not(devices.read(devices.write(undefined, ada))?.id, device?.id)
  })

  t.test('of many accounts names the last five', async (t) => {
    const all = Array.from({ length: 9 }, randomId)
    let last = ''
    for (const userId of all) last = devices.write(devices.read(last), userId)
    t.strictSame(devices.read(last)?.userIds, all.slice(-5).reverse())
    t.ok(last.length < 250)
  })

  t.test('names accounts that were imported with an id of their own', async (t) => {
    for (const userId of ['7', 'from-the-old_system', 'x'.repeat(64)]) {
      const both = devices.read(devices.write(device, userId))
      t.strictSame(both, { id: device?.id, userIds: [userId, ada] })
    }
  })

  t.test('is worth nothing if a character of it is another', async (t) => {
    const signed = value.lastIndexOf('.')
    for (let i = 0; i < value.length - 1; i += 1) {
      const other = value[i] === 'A' ? 'B' : 'A'
      const forged = value.slice(0, i) + other + value.slice(i + 1)
      t.equal(devices.read(forged), undefined, i > signed ? 'signature' : forged)
    }
    const [id, time, , signature] = value.split('.')
    for (const forged of [
      '',
      '....',
      `${id}.${time}.${bob}.${signature}`,
      `${id}.${time}.${ada}.${bob}.${signature}`,
      `${value}x`,
      value.slice(0, -1),
      ` ${value}`,
      `${id}.${time}.${signature}`,
      'x'.repeat(10_000),
    ]) {
      t.equal(devices.read(forged), undefined)
    }
  })

  t.test('is worth nothing elsewhere, and something where its secret is retired', async (t) => {
    t.equal(createDevices(['another secret']).read(value), undefined)
    const rotated = createDevices(['another secret', 'and one more', secret])
    t.strictSame(rotated.read(value), device)
    t.equal(devices.read(rotated.write(device, ada)), undefined, 'but signs no longer')
  })

  t.test('is worth nothing a year after the last sign-in', async (t) => {
    elapse(t, knownMs - 1_000)
    t.strictSame(devices.read(value), device)
    const renewed = devices.write(device, ada)
    elapse(t, 1_000)
    t.equal(devices.read(value), undefined)
    t.strictSame(devices.read(renewed), device)
  })
})

t.test('whom a check is about', async (t) => {
  const device = { id: 'd', userIds: [ada] }
  const subject = (userId: string | undefined, known: typeof device | undefined) =>
    checkSubject('a@example.com', userId, '::ffff:192.0.2.1', known)
  t.match(subject(ada, device), { source: 'device:d', isKnownDevice: true, userId: ada })
  for (const [userId, known] of [
    [bob, device],
    [undefined, device],
    [ada, undefined],
  ] as const) {
    t.match(subject(userId, known), { source: '192.0.2.1', isKnownDevice: false })
  }
})

t.test('the device cookie', async (t) => {
  const { client, signedUp, signedIn } = await build(t)
  const first = await signedUp('ada')
  const { email } = person('ada')

  t.test('is given at every sign-in, and kept out of reach of scripts', async (t) => {
    const device = client()
    const answer = await device.post('/api/auth/login', { email, password })
    const cookie = answer.cookies.find(({ name }) => name === 'device')
    t.match(cookie, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/api',
      maxAge: 365 * 24 * 60 * 60,
    })
    t.ok(first.cookies().device)
    const id = (value = '') => value.split('.')[0]
    const again = await device.post('/api/auth/login', { email, password })
    const renewed = again.cookies.find(({ name }) => name === 'device')
    t.equal(id(renewed?.value), id(cookie?.value), 'it stays the same device')
  })

  t.test('outlives a sign-out, and a failed sign-in gives none', async (t) => {
    const device = await signedIn('ada')
    const before = device.cookies().device
    await device.post('/api/auth/logout')
    t.equal(device.cookies().device, before)
    const stranger = client()
    await stranger.post('/api/auth/login', { email, password: 'Wrong-Onion-31' })
    t.strictSame(stranger.cookies(), {})
    await stranger.post('/api/auth/login', { email, password }, { 'x-token-delivery': 'body' })
    t.strictSame(stranger.cookies(), {}, 'nor a client that keeps no cookies')
  })

  t.test('lets nobody in', async (t) => {
    const { device = '' } = first.cookies()
    for (const name of ['access_token', 'refresh_token', 'device']) {
      const headers = { cookie: `${name}=${device}` }
      t.equal((await client().get('/api/profile', headers)).statusCode, 401)
    }
    const bearer = { authorization: `Bearer ${device}` }
    t.equal((await client().get('/api/profile', bearer)).statusCode, 401)
  })

  t.test('is a secure one where cookies are', async (t) => {
    const secure = await build(t, { COOKIE_SECURE: 'true' })
    const answer = await secure.client().post('/api/auth/register', person('ada'))
    const cookie = answer.cookies.find(({ name }) => name === '__Secure-device')
    t.match(cookie, { httpOnly: true, secure: true, path: '/api' })
  })

  t.test('of several, one that is genuine decides', async (t) => {
    const { client, signedUp } = await build(t, { LOCKOUT_TIERS: '1:5m' })
    const { device = '' } = (await signedUp('eve')).cookies()
    const eve = { email: person('eve').email, password }
    await client().post('/api/auth/login', { ...eve, password: 'x' })
    const from = (cookie: string) => client().post('/api/auth/login', eve, { cookie })
    t.equal((await from('device=odd')).statusCode, 423)
    t.equal((await from(`device=odd; device=${device}`)).statusCode, 200)
    t.equal((await from(`device=${device}x`)).statusCode, 423)
  })
})
