import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import type { Stores } from '../../src/stores.js'
import { open } from '../redis/open.js'
import { accountContract } from '../stores/account-contract.js'
import { invalidationContract } from '../stores/invalidation-contract.js'
import { sessionContract } from '../stores/session-contract.js'
import { inShort, second } from '../stores/subject.js'
import { ownTime } from '../support/own-time.js'
import { isMaster, isReplica, startSentinelGroup, until } from '../support/redis-topologies.js'
import { acrossApps, isCalm, startApp } from './apps.js'
import { startInstances, startReplicated, watchEnded } from './instances.js'
import { redisSubject } from './subject.js'

const keys = createKeys('gh:')

const anAccount = async (stores: Stores) => [(await inShort(stores).signedUp()).userId]

/** The port of a server that takes connections and says nothing. */
const startSilent = async (t: Test): Promise<number> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

t.test('the master of Sentinels', async (t) => {
  const { url, master, sentinel } = await startSentinelGroup(t)

  t.test('keeps the promises of', async (t) => {
    const [{ stores }, { stores: elsewhere }] = [await open(t, { url }), await open(t, { url })]
    const subject = redisSubject(await master.connect(), stores, elsewhere)
    t.test('accounts', async (t) => accountContract(t, subject))
    t.test('sessions', async (t) => sessionContract(t, subject))
    t.test('invalidations', async (t) => invalidationContract(t, subject))
  })

  t.test('serves two apps', (t) => acrossApps(t, url))

  t.test('is found by the one Sentinel that answers', async (t) => {
    const hosts = [await startSilent(t), 1, sentinel.port].map((port) => `127.0.0.1:${port}`)
    const began = ownTime()
    const { stores } = await open(t, { url: `redis+sentinel://${hosts}/gatehouse` })
    t.ok(ownTime() - began < 2 * second, 'in time')
    t.match(await inShort(stores).signedUp(), { userId: String })
  })
})

t.test('with Sentinels', async (t) => {
  const { url, master, replica, sentinel } = await startSentinelGroup(t)
  // Some Sentinel is always away.
  const app = await startApp(t, url.replace('//', '//127.0.0.1:1,'))
  const instances = await startInstances(t, url, anAccount)
  const { here, there, userIds, deafened, recovered, coherent } = instances
  const [userId = ''] = userIds
  let ended = ''

  await t.test('the replica of a master that is killed takes its place', async (t) => {
    ended = await startReplicated(here, master, userId)
    const kept = await startReplicated(here, master, userId)
    await deafened(() => master.kill('SIGKILL'))
    await until('the replica is the master', () => isMaster(replica))
    await recovered(t, ownTime())
    t.match(await here.sessions.find(userId, kept), { session: { sid: kept } })
    t.match(await there.sessions.find(userId, kept), { session: { sid: kept } })
    await coherent(t)
  })

  await t.test('the one that was killed is believed nothing when it comes back', async (t) => {
    await here.sessions.end(userId, ended)
    await master.start()
    t.ok(await isMaster(master), 'it takes itself for the master still')
    const { stores: fresh } = await open(t, { url })
    const watch = watchEnded(t, [here, there, fresh], userId, ended)
    await coherent(t)
    // Sentinels would do so ten seconds later.
    await master.command('REPLICAOF', '127.0.0.1', replica.port)
    await until('it is a replica', () => isReplica(master))
    await coherent(t)
    await watch.stop(t)
  })

  await t.test('by an operator, masters change', async (t) => {
    const kept = await startReplicated(here, replica, userId)
    await until('Sentinels obey', async () =>
      Boolean(await sentinel.command('SENTINEL', 'FAILOVER', 'gatehouse')),
    )
    await until('Sentinels name the other one', async () => {
      const address = await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'gatehouse')
      return Array.isArray(address) && address[1] === String(master.port)
    })
    const since = ownTime()
    t.ok(await isMaster(replica), 'the one before takes itself for the master still')
    await until('new sessions are where they last', async () => {
      const { sid } = await inShort(here).start(userId, { cap: 100 })
      return (await master.command('HEXISTS', keys.sessions(userId), sid)) === 1
    })
    await recovered(t, since)
    t.match(await there.sessions.find(userId, kept), { session: { sid: kept } })
    await coherent(t)
    await replica.command('REPLICAOF', '127.0.0.1', master.port)
    await until('the one before is a replica', () => isReplica(replica))
    await coherent(t)
  })

  await t.test(
    'a master that hangs is replaced, and believed nothing when it goes on',
    async (t) => {
      const revoked = await startReplicated(here, master, userId)
      await master.kill('SIGSTOP')
      await until('the replica is the master', () => isMaster(replica))
      await recovered(t, ownTime())
      await here.sessions.end(userId, revoked)
      const { stores: fresh } = await open(t, { url })
      const watch = watchEnded(t, [here, there, fresh], userId, revoked)
      await master.kill('SIGCONT')
      await coherent(t)
      await master.command('REPLICAOF', '127.0.0.1', replica.port)
      await until('it is a replica', () => isReplica(master))
      await coherent(t)
      await watch.stop(t)
    },
  )

  for (const one of instances.traffic) await one.end(t)
  await isCalm(t, app)
})
