import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { type RedisServer, startRedis } from './redis.js'

export interface RedisCluster {
  /** All nodes, as `REDIS_URL` names a cluster. */
  readonly url: string
  readonly nodes: readonly RedisServer[]
}

/** A Redis Cluster of masters without replicas, ready for commands. */
export const startCluster = async (
  t: Pick<Test, 'teardown'>,
  masters = 3,
): Promise<RedisCluster> => {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
  const nodes = await Promise.all(Array.from({ length: masters }, () => startRedis(t, { args })))
  const share = Math.ceil(slots / masters)
  await Promise.all(
    nodes.map(async (node, i) => {
      const own = Array.from({ length: slots }, (_, slot) => slot)
      await node.command('CLUSTER', 'ADDSLOTS', ...own.slice(i * share, (i + 1) * share))
      // Different epochs, or the nodes first have to settle whose view of the slots is newer.
      await node.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    }),
  )
  const [first, ...others] = nodes
  for (const other of others) await first?.command('CLUSTER', 'MEET', '127.0.0.1', other.port)
  await until('the cluster is complete', async () => {
    const views = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'INFO')))
    return views.every(
      (view) =>
        String(view).includes('cluster_state:ok') &&
        String(view).includes(`cluster_known_nodes:${masters}`) &&
        String(view).includes(`cluster_size:${masters}`),
    )
  })
  return { url: nodes.map((node) => node.url).join(','), nodes }
}

export interface SentinelGroup {
  /** As `REDIS_URL` names a group of Sentinels. */
  readonly url: string
  readonly master: RedisServer
  readonly replica: RedisServer
  readonly sentinel: RedisServer
  /** Kills the master and resolves when the replica has taken its place. */
  failover: () => Promise<void>
}

/** A master, its replica and one Sentinel, which notices within a second when the master is gone. */
export const startSentinelGroup = async (t: Pick<Test, 'teardown'>): Promise<SentinelGroup> => {
  // Otherwise a master lets the first replica wait five seconds for others.
  const master = await startRedis(t, { args: ['--repl-diskless-sync-delay', '0'] })
  const replica = await startRedis(t, { args: ['--replicaof', '127.0.0.1', String(master.port)] })
  const sentinel = await startRedis(t, {
    args: ['--sentinel'],
    config: [
      `sentinel monitor ${group} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${group} 500`,
      `sentinel failover-timeout ${group} 3000`,
    ],
  })
  await until('the replica is in step and known', async () => {
    const [link, known] = await Promise.all([
      replica.command('INFO', 'replication'),
      sentinel.command('SENTINEL', 'REPLICAS', group),
    ])
    return String(link).includes('master_link_status:up') && (known as unknown[]).length === 1
  })
  return {
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/${group}`,
    master,
    replica,
    sentinel,
    failover: async () => {
      await master.kill('SIGKILL')
      await until('the replica has become the master', async () => {
        const role = (await replica.command('ROLE')) as unknown[]
        return role[0] === 'master'
      })
    },
  }
}

const slots = 16_384
const group = 'gatehouse'

/** These servers agree among themselves and tell nobody when they have: it can only be asked for. */
const until = async (what: string, check: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 20_000
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`)
    await setTimeout(20)
  }
}
