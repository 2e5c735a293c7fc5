import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import type { Stores } from '../../src/stores.js'
import { dial } from '../redis/open.js'
import { inShort } from '../stores/subject.js'
import { ownTime } from '../support/own-time.js'
import { isMaster, isReplica, startCluster, until } from '../support/redis-topologies.js'
import { isCalm, startApp } from './apps.js'
import { onEachMaster, startInstances, startReplicated, watchEnded } from './instances.js'

const isUnavailable = (error: unknown): void => {
  if (!(error instanceof StoreUnavailable)) throw error
}

const works = async ({ ping }: Stores): Promise<boolean> => {
  await ping()
  return true
}

t.test('in a Cluster', async (t) => {
  const cluster = await startCluster(t, { replicas: 1 })
  const [master] = cluster.masters
  const [replica] = cluster.replicas
  if (master === undefined || replica === undefined) throw new Error('There is no such node')
  const app = await startApp(t, cluster.url)
  const instances = await startInstances(t, cluster.url, (stores) => onEachMaster(stores, cluster))
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
    // This instance knows no other node at the start.
    const { stores: fresh } = dial(t, { url: `${master.url},${master.url}` })
    const watch = watchEnded(t, [here, there, fresh], userId, ended)
    await master.start()
    await until('it is a replica', () => isReplica(master))
    await cluster.settled()
    await until('the new instance works', () => works(fresh))
    await watch.stop(t)
    await coherent(t)
  })

  await t.test('by an operator, masters change without a loss', async (t) => {
    const [other = ''] = await onEachMaster(there, cluster)
    const acknowledged: string[] = []
    let changed = false
    const signIn = async (): Promise<void> => {
      while (!changed) {
        await inShort(there)
          .start(other, { cap: 1_000 })
          .then(({ sid }) => acknowledged.push(sid), isUnavailable)
        await wait(5)
      }
    }
    const signingIn = signIn()
    t.teardown(() => {
      changed = true
    })
    await master.command('CLUSTER', 'FAILOVER')
    await until('it is the master again', () => isMaster(master))
    await recovered(t, ownTime())
    await until('the other one is its replica', () => isReplica(replica))
    changed = true
    await signingIn
    let live: string[] = []
    await until('what is live can be read', async () => {
      live = await inShort(here).live(other)
      return true
    })
    t.ok(acknowledged.length > 0)
    t.strictSame(
      acknowledged.filter((sid) => !live.includes(sid)),
      [],
      `of ${acknowledged.length}`,
    )
    await coherent(t)
  })

  await t.test(
    'a master that hangs is replaced, and believed nothing when it goes on',
    async (t) => {
      await cluster.settled()
      const revoked = await startReplicated(here, master, userId)
      await master.kill('SIGSTOP')
      await until('the replica is the master', () => isMaster(replica))
      await recovered(t, ownTime())
      await here.sessions.end(userId, revoked)
      const watch = watchEnded(t, [here, there], userId, revoked)
      await master.kill('SIGCONT')
      await until('it is a replica', () => isReplica(master))
      await coherent(t)
      await watch.stop(t)
    },
  )

  for (const one of instances.traffic) await one.end(t)
  await isCalm(t, app)
})
