import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import { createKeys } from '../../src/redis/keys.js'
import { silenceMax } from '../../src/sessions/invalidation.js'
import type { Stores } from '../../src/stores.js'
import { open } from '../redis/open.js'
import { inShort, second } from '../stores/subject.js'
import { ownTime } from '../support/own-time.js'
import { startCluster, until } from '../support/redis-topologies.js'
import { acrossApps } from './apps.js'
import { onEachMaster, startInstances } from './instances.js'
import { listen } from './subject.js'
import { startTraffic } from './traffic.js'

const keys = createKeys('gh:')

t.test('a Cluster', async (t) => {
  const cluster = await startCluster(t)

  t.test('serves from the moment on that it is connected', async (t) => {
    const { stores } = await open(t, cluster)
    const accounts = await Promise.all(Array.from({ length: 30 }, () => inShort(stores).signedUp()))
    t.equal(accounts.length, 30)
  })

  t.test('is found though some of its seeds are gone, and have no address any more', async (t) => {
    const url = `redis://gone.invalid:1,redis://127.0.0.1:1,${cluster.nodes[0]?.url}`
    const { stores } = await open(t, { url })
    t.match(await inShort(stores).signedUp(), { userId: String })
  })

  t.test('serves two apps', (t) => acrossApps(t, cluster.url))

  t.test('moves an account to another master while it is in use', async (t) => {
    const { stores } = await open(t, cluster)
    const [userId = ''] = await onEachMaster(stores, cluster)
    const traffic = await startTraffic(t, stores, userId)
    const [from, to] = cluster.masters
    const slot = Number(await from?.command('CLUSTER', 'KEYSLOT', keys.account(userId)))
    const ids = await Promise.all([from, to].map((node) => node?.command('CLUSTER', 'MYID')))
    const [fromId, toId] = ids.map(String)
    await to?.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId))
    await from?.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId))
    await traffic.works()
    for (const key of [keys.account(userId), keys.sessions(userId)]) {
      await from?.command('MIGRATE', '127.0.0.1', to?.port ?? 0, key, 0, 1_000)
      // Meanwhile one of the two keys is here, the other there.
      await wait(50)
    }
    for (const node of [to, from]) {
      await traffic.works()
      await node?.command('CLUSTER', 'SETSLOT', slot, 'NODE', String(toId))
    }
    await traffic.works()
    t.comment(traffic.failures)
    await traffic.end(t)
  })

  t.test('that we close ourselves is not reported as lost', async (t) => {
    const { stores, events } = await open(t, cluster)
    const ear = listen(stores)
    await ear.proved()
    await stores.close()
    await t.rejects(stores.ping(), StoreUnavailable)
    await until('it has no connection any more', async () => {
      const lists = await Promise.all(cluster.nodes.map((node) => node.command('CLIENT', 'LIST')))
      return lists.every((list) => !String(list).includes('sub=2'))
    })
    t.strictSame(events, ['connected'])
    t.notOk(ear.heard.includes('lost'))
  })

  t.test('is found again when all of it was down', async (t) => {
    const opened = await open(t, cluster)
    const ear = listen(opened.stores)
    await ear.proved()
    const lost = opened.next('lost')
    await Promise.all(cluster.nodes.map((node) => node.kill('SIGKILL')))
    await lost
    await t.rejects(opened.stores.ping(), StoreUnavailable)
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await cluster.settled()
    const since = ownTime()
    await until('it works', async () => Boolean(await inShort(opened.stores).signedUp()))
    await ear.proved()
    t.ok(ownTime() - since < 2 * second, 'in time')
    t.strictSame(opened.events, ['connected', 'lost', 'connected'])
  })
})

t.test('in a Cluster behind a network that fails', async (t) => {
  const cluster = await startCluster(t, { proxied: true })
  // Idle, as instances are that answer from their caches: no command finds out what has happened.
  const accounts = (stores: Stores) => onEachMaster(stores, cluster)
  const instances = await startInstances(t, cluster.url, accounts, { idle: true })
  const { here, there, ears, proved, deafened, coherent } = instances
  const [proxy] = cluster.proxies

  await t.test('every instance hears of what is revoked on any master', (t) => coherent(t))

  await t.test(
    'the channel is lost when one subscription dies without anybody knowing',
    async (t) => {
      const since = ownTime()
      await deafened(async () => proxy?.pause('subscribe'))
      t.ok(ownTime() - since < silenceMax + second, 'in time')
      t.notOk(here.invalidations.isProved() && there.invalidations.isProved())
      await proved()
      await coherent(t)
    },
  )

  await t.test('the channel stays lost as long as a master is out of reach', async (t) => {
    await deafened(async () => proxy?.pause())
    // All that time the other masters are heard, and the map read from them.
    const end = performance.now() + 3 * second
    while (performance.now() < end) {
      if (here.invalidations.isProved() || there.invalidations.isProved()) break
      await wait(10)
    }
    t.ok(performance.now() >= end)
    t.strictSame(
      ears.map(({ heard }) => heard.filter((what) => what === 'restored')),
      [[], []],
    )
    proxy?.resume()
    await proved()
    await coherent(t)
  })
})
