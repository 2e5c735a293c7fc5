import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.js'
import { configExit } from '../exit-codes.js'
import { createCollector, tell } from './collect.js'
import { createDeaths, steadyMs } from './deaths.js'
import type { FromWorker } from './messages.js'
import { workerEnvironment } from './worker-environment.js'

/** One of the workers, from its fork to its end. */
interface Member {
  worker: Worker
  /** The lowest number that no other has: it names the worker's log files. */
  slot: number
  state: 'starting' | 'ready' | 'ending'
  /** Whether it has served for a while. */
  isSteady: boolean
}

export interface Supervision {
  config: Config
  /** Whether the operator has chosen the size of the thread pool. */
  hasThreadPool: boolean
  log: Logger
  /** Called once, when all workers serve. */
  onReady: (port: number) => void
  exit: (code: number) => void
}

/**
 * Forks the workers and sees to it that they are there. It serves no request itself and holds no connection
 * to the store, so that there is little in it that could fail.
 */
export const supervise = ({ config, hasThreadPool, log, onReady, exit }: Supervision): void => {
  const count = config.CLUSTER_WORKERS
  const members = new Set<Member>()
  const deaths = createDeaths()
  const collector = createCollector()
  let ending: number | undefined
  let announced = false
  let reload: 'none' | 'running' | 'wanted again' = 'none'
  // An Infinity in a metric would not survive JSON.
  cluster.setupPrimary({ serialization: 'advanced' })

  const ready = () => [...members].filter(({ state }) => state === 'ready')

  const freeSlot = (): number => {
    const taken = new Set([...members].map(({ slot }) => slot))
    for (let slot = 1; ; slot += 1) if (!taken.has(slot)) return slot
  }

  const answer = async (worker: Worker, { id, what }: FromWorker & { kind: 'ask' }) => {
    const workers = { configured: count, ready: ready().length, died: deaths.total() }
    const running = [...members].filter(({ state }) => state !== 'starting')
    const snapshots = () => collector.collect(running.map((member) => member.worker))
    const value = what === 'workers' ? workers : await snapshots()
    tell(worker, { kind: 'answer', id, answer: value })
  }

  /** Resolves to whether it came to serve. A successor stands in for one that still serves. */
  const fork = (isSuccessor = false): Promise<boolean> =>
    new Promise((resolve) => {
      const slot = freeSlot()
      const worker = cluster.fork(workerEnvironment(config, slot, hasThreadPool))
      const member: Member = { worker, slot, state: 'starting', isSteady: false }
      members.add(member)
      let steady: NodeJS.Timeout | undefined
      worker.once('listening', ({ port }) => {
        if (member.state === 'starting') member.state = 'ready'
        // While it started it heard nothing.
        if (member.state === 'ending') tell(worker, { kind: 'stop' })
        steady = setTimeout(() => {
          member.isSteady = true
          deaths.steady()
        }, steadyMs)
        if (!announced && ready().length === count) {
          announced = true
          onReady(port)
        }
        resolve(true)
      })
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'snapshot') collector.heard(worker, message)
        if (message.kind === 'ask') void answer(worker, message)
      })
      // A fork that fails, or a channel that breaks, ends in `exit` as well.
      worker.on('error', (err) => log.error({ err, worker: slot }, 'a worker failed'))
      worker.once('exit', (code, signal) => {
        clearTimeout(steady)
        members.delete(member)
        collector.ended(worker)
        resolve(false)
        if (!(isSuccessor && member.state === 'starting')) left(member, { code, signal })
      })
    })

  const left = (
    { slot, state, isSteady }: Member,
    cause: { code: number | null; signal: string | null },
  ): void => {
    if (ending !== undefined) {
      if (members.size === 0) exit(ending)
      return
    }
    if (state === 'ending') return
    const wait = deaths.died(!isSteady)
    log.error({ worker: slot, ...cause }, 'a worker died')
    if (cause.code === configExit && ready().length === 0) {
      // It has said why: a store of another release, for one. Trying again would change nothing.
      end(configExit)
      return
    }
    if (wait === 'enough') {
      log.fatal('workers die as soon as they are started, giving up')
      end(1)
      return
    }
    setTimeout(() => {
      // Of those that are being replaced a successor may be there already.
      const staying = [...members].filter((member) => member.state !== 'ending')
      if (ending === undefined && staying.length < count) void fork()
    }, wait)
  }

  const stop = (member: Member): void => {
    const { worker } = member
    member.state = 'ending'
    tell(worker, { kind: 'stop' })
    const killer = setTimeout(() => {
      log.error({ worker: member.slot }, 'a worker does not end, killing it')
      if (ending !== undefined) ending = 1
      worker.process.kill('SIGKILL')
    }, config.SHUTDOWN_TIMEOUT)
    worker.once('exit', () => clearTimeout(killer))
  }

  const end = (code: number): void => {
    ending = code
    if (members.size === 0) exit(code)
    for (const member of members) stop(member)
  }

  /** One by one, the new one first; without one that serves the old ones go on. */
  const replaceAll = async (): Promise<void> => {
    for (const old of [...members]) {
      const serves = await fork(true)
      if (ending !== undefined) return
      if (!serves) {
        log.error('the new worker does not start, the old ones go on')
        return
      }
      if (!members.has(old)) continue
      const gone = new Promise((resolve) => old.worker.once('exit', resolve))
      stop(old)
      await gone
      // Told to end meanwhile: a worker forked from here on would be told by nobody.
      if (ending !== undefined) return
    }
    log.info('workers replaced')
  }

  const replace = async (): Promise<void> => {
    if (reload !== 'none') {
      reload = 'wanted again'
      return
    }
    do {
      reload = 'running'
      await replaceAll()
    } while (reload !== 'running' && ending === undefined)
    reload = 'none'
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending !== undefined) return
      log.info({ signal }, 'stopping')
      end(0)
    })
  }
  process.on('SIGHUP', () => {
    log.info('replacing workers one by one')
    void replace()
  })
  for (let i = 0; i < count; i += 1) void fork()
}
