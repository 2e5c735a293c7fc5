import { Cluster, type Redis } from 'ioredis'
import { type Connection, serverOptions } from './connection.js'
import { gatherWrites } from './gather-writes.js'

/** How often a Cluster's map is read, in milliseconds. A redirection and a lost node have it read at once. */
const mapEvery = 1_000

/** Dials a Cluster by its seeds; user and password are those of the first. */
export const connectCluster = (urls: string[]): Connection => {
  const { username, password, protocol } = new URL(urls[0] ?? '')
  const cluster = new Cluster(urls, {
    // What is sent to a node that is being dialled waits for it, at most as long as any command may take.
    enableOfflineQueue: true,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    clusterRetryStrategy: serverOptions.retryStrategy,
    // Each seed's name is looked up when it is dialled: one that is gone does not keep us from the others,
    // and a certificate is held against the name.
    dnsLookup: (host, found) => found(null, host),
    redisOptions: {
      ...serverOptions,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
  })

  // Without nodes nothing waits; and what waits for one has its time from the start, not from the sending.
  const send = cluster.sendCommand.bind(cluster)
  cluster.sendCommand = (command, ...rest) => {
    if (cluster.status === 'ready' || command.name === 'cluster') {
      command.setTimeout(serverOptions.commandTimeout)
      return send(command, ...rest)
    }
    command.reject(new Error('The Cluster is not connected'))
    return command.promise
  }

  const readMap = () => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache()
  }
  let timer: NodeJS.Timeout | undefined
  cluster.on('ready', () => {
    clearInterval(timer)
    timer = setInterval(readMap, mapEvery).unref()
  })
  cluster.on('close', () => clearInterval(timer))
  cluster.on('-node', readMap)
  cluster.on('+node', gatherWrites)

  // A master stays one while its connection is lost: only the map says which servers others publish on.
  let names: string[] = []
  cluster.on('refresh', () => {
    names = cluster.nodes('master').map(nameOf)
  })
  const masters = () =>
    names.map((name) => ({
      name,
      connection: () => cluster.nodes('master').find((node) => nameOf(node) === name),
    }))
  return { client: cluster, masters }
}

const nameOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`
