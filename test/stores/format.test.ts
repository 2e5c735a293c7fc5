import t, { type Test } from 'tap'
import { openEmbedded } from '../../src/embedded/index.js'
import { openRedis } from '../../src/redis/index.js'
import { createKeys } from '../../src/redis/keys.js'
import {
  type ReleaseFormat,
  releaseFormat,
  StoreIncompatible,
  settleFormat,
} from '../../src/store-format.js'
import type { StoreEvents, Stores } from '../../src/stores.js'
import { eventually, secrets } from '../support/app.js'
import { spawnServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-topologies.js'
import { inShort, phone } from './subject.js'

/** The release after this one, whose format older ones can live with; and one where they can't. */
const next: ReleaseFormat = { version: 2, worksFrom: 1, readsFrom: 1 }
const breaking: ReleaseFormat = { version: 3, worksFrom: 3, readsFrom: 2 }

t.test('what becomes of a format', async (t) => {
  t.test('it is written at first use, and rises with releases', async (t) => {
    t.strictSame(settleFormat(undefined, next), { version: 2, worksFrom: 1 })
    t.strictSame(settleFormat({ version: 1, worksFrom: 1 }, next), { version: 2, worksFrom: 1 })
    t.equal(settleFormat({ version: 2, worksFrom: 1 }, next), 'as it is')
  })

  t.test('an older release leaves it as it is, if it can work with it', async (t) => {
    t.equal(settleFormat({ version: 2, worksFrom: 1, more: 'later' }, releaseFormat), 'as it is')
  })

  t.test('and goes no further, if it can not', async (t) => {
    t.throws(
      () => settleFormat({ version: 3, worksFrom: 2 }, releaseFormat),
      new StoreIncompatible('The store has format 3, this release only format 1: update it'),
    )
  })

  t.test('a newer one takes over from the release before it, and from no older one', async (t) => {
    t.strictSame(settleFormat({ version: 2, worksFrom: 1 }, breaking), { version: 3, worksFrom: 3 })
    t.throws(() => settleFormat({ version: 1, worksFrom: 1 }, breaking), {
      message: /has format 1, .* takes over from format 2 on: run a release in between first$/,
    })
  })

  t.test('what can not be read is of nobody that we know', async (t) => {
    for (const odd of [null, 1, 'x', {}, [], { version: '2', worksFrom: 1 }, { version: 2 }]) {
      t.throws(() => settleFormat(odd, releaseFormat), StoreIncompatible, JSON.stringify(odd))
    }
  })
})

const nothing: StoreEvents = { connected: () => {}, lost: () => {}, warning: () => {} }

/** Opens Redis as an instance of a release does. */
const opened = (
  t: Pick<Test, 'teardown'>,
  url: string,
  options: { format?: ReleaseFormat; observer?: boolean } = {},
) => {
  const refusals: StoreIncompatible[] = []
  const events = { ...nothing, incompatible: (error: StoreIncompatible) => refusals.push(error) }
  const stores = openRedis({ url, keyPrefix: 'gh:', ...options }, events)
  t.teardown(() => stores.close())
  return { stores, refusals }
}

const works = (stores: Stores) =>
  stores.ping().then(
    () => true,
    () => false,
  )

t.test('Redis', async (t) => {
  const redis = await startRedis(t)
  const { format: key } = createKeys('gh:')
  const raw = await redis.connect()
  const stored = async () => JSON.parse((await raw.get(key)) ?? 'null')

  t.test('tells it from the first use on', async (t) => {
    const { stores } = opened(t, redis.url, { observer: true })
    await eventually(() => works(stores))
    t.equal(await raw.exists(key), 0, 'but not from that of somebody who only reads')
    opened(t, redis.url)
    await eventually(async () => (await raw.exists(key)) === 1)
    t.strictSame(await stored(), { version: 1, worksFrom: 1 })
    t.equal(await raw.pttl(key), -1)
  })

  t.test('asks once a connection, not once a request', async (t) => {
    const { stores } = opened(t, redis.url)
    await eventually(() => works(stores))
    const gets = async () =>
      Number(/cmdstat_get:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1] ?? 0)
    const { userId } = await inShort(stores).signedUp()
    const { sid } = await inShort(stores).start(userId)
    const before = await gets()
    for (let i = 0; i < 20; i++) await stores.sessions.find(userId, sid)
    t.equal(await gets(), before)
  })

  t.test('lets instances of two releases work side by side', async (t) => {
    const older = opened(t, redis.url)
    await eventually(() => works(older.stores))
    const newer = opened(t, redis.url, { format: next })
    await eventually(async () => (await stored()).version === 2)
    const again = opened(t, redis.url)
    await eventually(() => works(again.stores))
    const { userId } = await inShort(older.stores).signedUp()
    const { sid } = await inShort(again.stores).start(userId)
    t.match(await newer.stores.sessions.find(userId, sid), { session: { sid } })
    t.strictSame(await stored(), { version: 2, worksFrom: 1 }, 'and the older lower nothing')
    t.strictSame(
      [older, again, newer].flatMap(({ refusals }) => refusals),
      [],
    )
  })

  t.test('of many at once ends with the newest', async (t) => {
    for (let i = 0; i < 5; i++) {
      await raw.del(key)
      const all = [next, releaseFormat, next, releaseFormat].map((format) =>
        opened(t, redis.url, { format }),
      )
      await eventually(async () => (await stored())?.version === 2)
      for (const { stores } of all) await eventually(() => works(stores))
      t.strictSame(await stored(), { version: 2, worksFrom: 1 })
    }
  })

  t.test('is left alone by an instance that can not work with it', async (t) => {
    await raw.set(key, JSON.stringify({ version: 3, worksFrom: 3 }))
    const { stores, refusals } = opened(t, redis.url)
    await eventually(async () => refusals.length === 1)
    t.match(refusals[0]?.message, /^The store has format 3, this release only format 1: update it$/)
    await t.rejects(stores.ping(), { code: 'STORE_UNAVAILABLE' })
    t.equal(stores.invalidations.isProved(), false)
    t.strictSame(await stored(), { version: 3, worksFrom: 3 })
  })

  t.test('is looked at again after an outage: it may be another one by then', async (t) => {
    await raw.set(key, JSON.stringify({ version: 1, worksFrom: 1 }))
    const { stores, refusals } = opened(t, redis.url)
    await eventually(() => works(stores))
    t.strictSame(refusals, [])
    await raw.set(key, 'odd')
    await raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await eventually(async () => refusals.length === 1)
    t.match(refusals[0]?.message, /does not know/)
  })

  t.test('is asked until it answers', async (t) => {
    await raw.del(key)
    await raw.config('SET', 'maxmemory', '1')
    const { stores, refusals } = opened(t, redis.url)
    await eventually(() => stores.role().then(Boolean, () => false))
    t.equal(await raw.exists(key), 0, 'nothing could be written')
    await raw.config('SET', 'maxmemory', '0')
    await eventually(async () => (await raw.exists(key)) === 1)
    t.strictSame(refusals, [])
  })
})

t.test('a Cluster tells it too', async (t) => {
  const { url, nodes } = await startCluster(t)
  const { stores } = opened(t, url)
  await eventually(() => works(stores))
  const { format: key } = createKeys('gh:')
  await eventually(async () => {
    const servers = await Promise.all(nodes.map((node) => node.command('KEYS', key)))
    return servers.flat().length === 1
  })
  t.pass('on one of its nodes')
})

t.test('what a newer release has added to records outlives the older ones', async (t) => {
  const redis = await startRedis(t)
  const raw = await redis.connect()
  const keys = createKeys('gh:')
  const { stores } = opened(t, redis.url)
  await eventually(() => works(stores))
  const { signedUp, start, rotate } = inShort(stores)
  const { userId, passwordHash } = await signedUp()
  const { sid } = await start(userId)
  const added = ' later ä" 1795647537058'
  const record = async () => (await raw.hget(keys.sessions(userId), sid)) ?? ''
  await raw.hset(keys.sessions(userId), sid, (await record()) + added)
  await raw.hset(keys.account(userId), 'later', 'a field')

  t.match(await rotate(userId, sid, 1), { outcome: 'rotated' })
  t.match(await rotate(userId, sid, 1), { outcome: 'repeated' })
  t.match(await record(), / 2 .* later ä" 1795647537058$/)
  await start(userId)
  t.ok((await record()).endsWith(added))
  t.match(await stores.sessions.find(userId, sid), { session: { generation: 2, ...phone } })
  await stores.accounts.renewHash(userId, passwordHash, `${passwordHash}x`)
  await stores.accounts.changePassword(userId, 1, passwordHash)
  t.equal(await raw.hget(keys.account(userId), 'later'), 'a field')
  t.match(await stores.accounts.findById(userId), { userId })
})

t.test('the embedded store', async (t) => {
  const open = (folder: string, format?: ReleaseFormat) =>
    openEmbedded(folder, Date.now, ...(format ? [format] : []))

  t.test(
    'tells it from the first use on, and to older releases that can work with it',
    async (t) => {
      const folder = t.testdir()
      for (const format of [undefined, next, undefined]) {
        const stores = open(folder, format)
        const { userId } = await inShort(stores).signedUp()
        t.match(await stores.accounts.findById(userId), { userId })
        await stores.close()
      }
    },
  )

  t.test('is left alone by a release that can not work with it', async (t) => {
    const folder = t.testdir()
    const newer = open(folder, { ...next, worksFrom: 2 })
    const { userId } = await inShort(newer).signedUp()
    await newer.close()
    t.throws(() => open(folder), {
      name: 'StoreIncompatible',
      message: 'The store has format 2, this release only format 1: update it',
    })
    // The folder is free again for one that can.
    await eventually(async () => {
      try {
        const again = open(folder, next)
        t.match(await again.accounts.findById(userId), { userId })
        await again.close()
        return true
      } catch {
        return false
      }
    })
  })

  t.test('keeps what a newer release has added to records', async (t) => {
    const stores = open(t.testdir())
    const { signedUp, start, rotate } = inShort(stores)
    const added = { later: { list: [] } }
    const { userId, passwordHash } = await signedUp(added as object)
    const { sid } = await start(userId)
    await rotate(userId, sid, 1)
    await stores.accounts.changePassword(userId, 1, passwordHash)
    t.match(await stores.accounts.findById(userId), added)
    await stores.close()
  })
})

t.test('a server ends with one line that says so', async (t) => {
  const line = 'The store has format 3, this release only format 1: update it\n'
  const common = { CLIENT_URLS: 'http://localhost:3000', ...secrets }
  const newest = { version: 3, worksFrom: 3 }

  t.test('on Redis, also one that it had to wait for', async (t) => {
    const redis = await startRedis(t, { durable: true })
    await redis.command('SET', createKeys('gh:').format, JSON.stringify(newest))
    await redis.stop()
    const server = spawnServer(t, { env: { ...common, REDIS_URL: redis.url } })
    await server.logged(({ msg }) => msg === 'listening')
    await redis.start()
    t.strictSame(await server.exited, { code: 78, signal: null })
    t.equal(server.stderr, line)
  })

  t.test('on the embedded store', async (t) => {
    const folder = t.testdir()
    await openEmbedded(folder, Date.now, { ...newest, readsFrom: 1 }).close()
    const server = spawnServer(t, { env: { ...common, EMBEDDED_STORE_PATH: folder } })
    t.strictSame(await server.exited, { code: 78, signal: null })
    t.equal(server.stderr, line)
  })
})
