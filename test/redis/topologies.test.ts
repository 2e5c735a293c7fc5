import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import { inShort } from '../stores/subject.js'
import { ownTime } from '../support/own-time.js'
import { startRedis } from '../support/redis.js'
import { startCluster, startSentinelGroup } from '../support/redis-topologies.js'
import { dial, open } from './open.js'

/** Asks until it is answered, as a browser does; anything but an outage in between is a failure. */
const persist = async <Result>(operation: () => Promise<Result>): Promise<Result> => {
  for (;;) {
    try {
      return await operation()
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      await wait(10)
    }
  }
}

t.test("a Sentinel's master that dies gives way to its replica", async (t) => {
  const { url, master, replica } = await startSentinelGroup(t)
  const { stores, events } = await open(t, { url })
  const { signedUp, start, rotate } = inShort(stores)
  const { userId, email } = await signedUp()
  const { sid } = await start(userId)
  await rotate(userId, sid, 1)
  // What was acknowledged may be lost in a failover unless the replica has it.
  while ((await replica.command('EXISTS', `gh:u{${userId}}:s`)) !== 1) await wait(5)

  await master.kill('SIGKILL')
  t.match(await persist(() => rotate(userId, sid, 2)), { outcome: 'rotated' })
  t.match(await persist(() => rotate(userId, sid, 3)), { outcome: 'rotated' })
  t.match(await stores.accounts.findByEmail(email), { userId })
  while (!stores.invalidations.isProved()) await wait(10)
  t.strictSame(events.slice(0, 3), ['connected', 'lost', 'connected'])
})

t.test('a node of a Cluster that dies', async (t) => {
  const { url, nodes } = await startCluster(t)
  const { stores } = await open(t, { url })
  const { signedUp, start, rotate } = inShort(stores)
  const people = await Promise.all(
    Array.from({ length: 40 }, async () => {
      // Nodes are dialled at first use; whoever comes second is asked to come back.
      const { userId } = await persist(() => signedUp())
      return { userId, sid: (await persist(() => start(userId))).sid }
    }),
  )
  while (!stores.invalidations.isProved()) await wait(10)
  let lost = 0
  stores.invalidations.listen({
    invalidated: () => {},
    lost: () => lost++,
    restored: () => {},
  })
  const [, second] = nodes
  await second?.kill('SIGSTOP')

  t.test('takes the store away from those whose accounts are there', async (t) => {
    const began = ownTime()
    const outcomes = await Promise.all(
      people.map(({ userId, sid }) => rotate(userId, sid, 1).catch((error) => error)),
    )
    t.ok(ownTime() - began < 2_000, 'answered in time')
    const failures = outcomes.filter((outcome) => outcome instanceof Error)
    t.ok(failures.length > 0)
    for (const failure of failures) t.type(failure, StoreUnavailable)
  })

  t.test('silences the channel, since revocations there would go unheard', async (t) => {
    while (stores.invalidations.isProved()) await wait(10)
    while (lost === 0) await wait(10)
    t.ok(lost)
  })

  t.test('is found again without a restart', async (t) => {
    await second?.kill('SIGCONT')
    for (const { userId, sid } of people) {
      const { outcome } = await persist(() => rotate(userId, sid, 1))
      t.match(outcome, /^(rotated|repeated)$/)
    }
    while (!stores.invalidations.isProved()) await wait(10)
  })
})

t.test("a Cluster's login is taken from its URLs", async (t) => {
  const args = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']
  const server = await startRedis(t, { args })
  const raw = await server.connect()
  await raw.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
  while (!String(await raw.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await wait(5)
  await raw.call('ACL', 'SETUSER', 'gate', 'on', '>p@ss:word', '~*', '&*', '+@all')
  await raw.call('ACL', 'SETUSER', 'default', 'off')
  const node = `redis://gate:${encodeURIComponent('p@ss:word')}@127.0.0.1:${server.port}`
  const { stores } = await open(t, { url: `${node},${node}` })
  const { signedUp } = inShort(stores)
  const { userId, email } = await persist(() => signedUp())
  t.match(await stores.accounts.findByEmail(email), { userId })
  while (!stores.invalidations.isProved()) await wait(10)
})

t.test('a URL of no known form is refused', async (t) => {
  t.throws(() => dial(t, { url: 'redis+sentinel://nowhere' }), { message: /^REDIS_URL/ })
})
