import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { announce } from './announce.js'
import { buildApp } from './app.js'
import type { Membership } from './cluster/worker.js'
import { threadsFor } from './cluster/worker-environment.js'
import type { Config } from './config/schema.js'
import { configExit } from './exit-codes.js'
import { giveMemoryBack } from './heap.js'
import { closeLogFiles } from './log-file.js'
import { lifeLevel } from './logger.js'
import { keepTickLayout } from './tick-layout.js'

/** How long a start waits for the store, in milliseconds; then it serves without, live but not ready. */
const storeWaitMs = 2_000

/** Resolves when the store answers and its channel is proved, so that no early request is refused. */
const storeOrTime = async ({ stores }: FastifyInstance): Promise<void> => {
  const late = performance.now() + storeWaitMs
  const isThere = async () => {
    if (!stores.invalidations.isProved()) return false
    return stores.ping().then(
      () => true,
      () => false,
    )
  }
  while (!(await isThere()) && performance.now() < late) await sleep(20)
}

/**
 * Ends the instance with grace. A tenth of the time is for balancers: `/health/ready` is 503, while all
 * requests are served still and their connections closed behind them. Then listening stops, and what is under
 * way has until nine tenths of it.
 */
const end = async (
  app: FastifyInstance,
  { SHUTDOWN_TIMEOUT: timeout }: Config,
  isOrphan: boolean,
): Promise<number> => {
  app.draining.begin()
  const cut = setTimeout(() => app.server.closeAllConnections(), timeout * 0.9)
  try {
    // Without a primary no new connection arrives, and whoever would be told is told by that.
    if (!isOrphan) await sleep(timeout / 10)
    await app.close()
    await closeLogFiles()
    return 0
  } catch (err) {
    app.log.error({ err }, 'stopping failed')
    return 1
  } finally {
    clearTimeout(cut)
  }
}

/** Threads of Node's own pool. It is there before any line of a program runs, and can't be made larger. */
const poolThreads = 4

interface Surroundings {
  /** The line to the primary, in a worker. */
  membership?: Membership | undefined
  /** Whether somebody has chosen the size of the thread pool. */
  hasThreadPool: boolean
}

/** Starts one instance and resolves when it listens. It ends, with grace, on SIGTERM and SIGINT. */
export const startInstance = async (
  config: Config,
  { membership, hasThreadPool }: Surroundings,
): Promise<void> => {
  const app = await buildApp(config, membership)
  // Found out whenever the store is there: at start, or after an outage in which it became another one.
  void app.storeIncompatible.then((error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(configExit)
  })
  await app.ready()
  await storeOrTime(app)
  // As long as nobody is there who would be kept waiting by it.
  keepTickLayout()
  await giveMemoryBack()
  await app.listen({ host: config.HOST, port: config.PORT })
  const log = app.log.child({}, { level: lifeLevel(config) })
  if (membership === undefined) {
    // An app that listens on a port has an address of this kind.
    announce(config, (app.server.address() as AddressInfo).port, log)
    const isDevelopment = config.NODE_ENV === 'development'
    if (!hasThreadPool && config.HASH_CONCURRENCY >= poolThreads && !isDevelopment) {
      const size = threadsFor(config)
      app.log.warn(`names and files wait behind passwords: start with UV_THREADPOOL_SIZE=${size}`)
    }
  }

  let isStopping = false
  const stop = (reason: string) => {
    // Group signals and the primary's word may arrive both.
    if (isStopping) return
    isStopping = true
    if (membership === undefined) log.info({ reason }, 'stopping')
    else app.log.debug({ reason }, 'stopping')
    // A request that never ends must not keep the process: its client has had the whole time-out.
    setTimeout(() => process.exit(1), config.SHUTDOWN_TIMEOUT).unref()
    void end(app, config, reason === 'orphaned').then(async (code) => {
      await membership?.leave()
      process.exit(code)
    })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  membership?.onStop(stop)
  // A developer's server ends with its terminal, as programs do.
  if (membership === undefined && config.NODE_ENV === 'development') return
  process.on('SIGHUP', () => {
    // In a worker the primary's word is what counts; a group's signal may arrive here too.
    if (membership === undefined) app.log.warn('one process has nobody to take over: not replaced')
  })
}
