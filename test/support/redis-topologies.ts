import { setTimeout } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from './free-port.js'
import { type RedisServer, startRedis } from './redis.js'
import { startProxy, type TcpProxy } from './tcp-proxy.js'

export interface ClusterOptions {
  masters?: number
  /** Each is a copy of the master at the same place in the list. */
  replicas?: number
  /** More arguments for every node. */
  args?: string[]
  /** Whether clients find a proxy in front of every node, in place of the node. */
  proxied?: boolean
}

export interface RedisCluster {
  /** All nodes, as `REDIS_URL` names a cluster. */
  readonly url: string
  readonly nodes: readonly RedisServer[]
  /** As they started. */
  readonly masters: readonly RedisServer[]
  readonly replicas: readonly RedisServer[]
  /** One in front of each of `nodes`, where they were asked for. */
  readonly proxies: readonly TcpProxy[]
  /** Which of `masters` a key was given to at the start. */
  homeOf: (key: string) => Promise<number>
  /** Resolves when all nodes see all others, and every slot is served. */
  settled: () => Promise<void>
}

/** A Redis Cluster, ready for commands. A master that is gone for a second is replaced by its replica. */
export const startCluster = async (
  t: Pick<Test, 'teardown'>,
  options: ClusterOptions = {},
): Promise<RedisCluster> => {
  const { masters: masterCount = 3, replicas: replicaCount = 0, args = [], proxied } = options
  const started = await Promise.all(
    Array.from({ length: masterCount + replicaCount }, () => startNode(t, args, proxied)),
  )
  const nodes = started.map(({ node }) => node)
  const proxies = started.flatMap(({ proxy }) => proxy ?? [])
  const masters = nodes.slice(0, masterCount)
  const replicas = nodes.slice(masterCount)
  const share = Math.ceil(slots / masterCount)
  await Promise.all(
    masters.map(async (master, i) => {
      const own = Array.from({ length: slots }, (_, slot) => slot)
      await master.command('CLUSTER', 'ADDSLOTS', ...own.slice(i * share, (i + 1) * share))
      // Different epochs, or the nodes first have to settle whose view of the slots is newer.
      await master.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    }),
  )
  const [first, ...others] = nodes
  for (const other of others) await first?.command('CLUSTER', 'MEET', '127.0.0.1', other.port)

  const info = async (node: RedisServer) => String(await node.command('CLUSTER', 'INFO'))
  const complete = () =>
    until('the cluster is complete', async () => {
      const views = await Promise.all(nodes.map(info))
      return views.every(
        (view) =>
          view.includes('cluster_state:ok') &&
          view.includes(`cluster_known_nodes:${nodes.length}`) &&
          view.includes(`cluster_size:${masterCount}`),
      )
    })
  // A replica that is not known as one by the others gets no votes.
  const replicasKnown = () =>
    until('all nodes know the replicas', async () => {
      const views = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'NODES')))
      return views.every(
        (view) =>
          String(view).split(/\bslave\b/).length - 1 === replicaCount && !/fail/.test(String(view)),
      )
    })
  await complete()
  await Promise.all(
    replicas.map(async (replica, i) => {
      await replica.command(
        'CLUSTER',
        'REPLICATE',
        String(await masters[i]?.command('CLUSTER', 'MYID')),
      )
      await until('the replica is in step', () => isInStep(replica))
    }),
  )
  await replicasKnown()
  // A replica that does not know its master's last epoch gets no votes either, for good.
  const agreed = () =>
    until('all nodes name the same masters of the same epochs', async () => {
      const views = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'NODES')))
      return new Set(views.map((view) => mastersIn(String(view)))).size === 1
    })
  const settled = async () => {
    await complete()
    await replicasKnown()
    await agreed()
  }

  const homeOf = async (key: string) =>
    Math.floor(Number(await first?.command('CLUSTER', 'KEYSLOT', key)) / share)

  const ports = (proxied ? proxies : nodes).map(({ port }) => port)
  const url = ports.map((port) => `redis://127.0.0.1:${port}`).join(',')
  return { url, nodes, masters, replicas, proxies, homeOf, settled }
}

/** What a node knows of masters: their ids, epochs and slots. */
const mastersIn = (view: string): string =>
  view
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , flags]) => flags?.includes('master'))
    .map(([id, , , , , , epoch, , ...slots]) => [id, epoch, ...slots].join(' '))
    .sort()
    .join('\n')

/** One node of a Cluster to be; behind a proxy it gives the proxy's port out as its own. */
const startNode = async (
  t: Pick<Test, 'teardown'>,
  more: string[],
  proxied = false,
): Promise<{ node: RedisServer; proxy?: TcpProxy }> => {
  const args = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '1000',
    ...noSyncDelay,
    ...more,
  ]
  if (!proxied) return { node: await startRedis(t, { args }) }
  const port = await freePort()
  const proxy = await startProxy(t, port)
  const announced = [
    '--cluster-announce-port',
    proxy.port,
    '--cluster-announce-bus-port',
    port + 10_000,
  ]
  return { node: await startRedis(t, { port, args: [...args, ...announced.map(String)] }), proxy }
}

/** Otherwise a master lets its first replica wait five seconds for others. */
const noSyncDelay = ['--repl-diskless-sync-delay', '0']

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
  const master = await startRedis(t, { args: noSyncDelay })
  const replica = await startRedis(t, {
    args: ['--replicaof', '127.0.0.1', String(master.port), ...noSyncDelay],
  })
  const sentinel = await startRedis(t, {
    args: ['--sentinel'],
    config: [
      `sentinel monitor ${group} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${group} 500`,
      `sentinel failover-timeout ${group} 3000`,
    ],
  })
  await until('the replica is in step and known', async () => {
    const known = (await sentinel.command('SENTINEL', 'REPLICAS', group)) as unknown[]
    return known.length === 1 && (await isInStep(replica))
  })
  return {
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/${group}`,
    master,
    replica,
    sentinel,
    failover: async () => {
      await master.kill('SIGKILL')
      await until('the replica has become the master', () => isMaster(replica))
    },
  }
}

/** Whether it holds what its master has acknowledged. */
const isInStep = async (replica: RedisServer): Promise<boolean> =>
  String(await replica.command('INFO', 'replication')).includes('master_link_status:up')

export const isReplica = async (server: RedisServer): Promise<boolean> =>
  !(await isMaster(server)) && (await isInStep(server))

export const isMaster = async (server: RedisServer): Promise<boolean> =>
  ((await server.command('ROLE')) as unknown[])[0] === 'master'

const slots = 16_384
const group = 'gatehouse'

/**
 * These servers agree among themselves and tell nobody when they have: it can only be asked for. They may
 * be away meanwhile.
 */
export const until = async (what: string, check: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 60_000
  let cause: unknown
  const holds = () =>
    check().catch((error: unknown) => {
      cause = error
      return false
    })
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`, { cause })
    await setTimeout(20)
  }
}
