import cluster from 'node:cluster'
import type { Fleet } from '../fleet.js'
import type { Snapshot } from '../metrics/snapshot.js'
import { type Answers, askMs, type FromPrimary, type FromWorker } from './messages.js'

/** The worker's end of the line to the primary. */
export interface Membership extends Fleet {
  /** Called when the primary wants this worker to end, or is gone itself. */
  onStop: (stop: (reason: 'told' | 'orphaned') => void) => void
  /** Tells the primary what was measured to the last; resolves when that is sent, or can't be. */
  leave: () => Promise<void>
}

/** Resolves when it is sent; only a primary that is gone hears nothing, and then this worker ends. */
const send = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
    else resolve()
  })

/** The line to the primary that has forked this process. */
export const joinFleet = (): Membership => {
  /** Why to end, where that was told before anybody could. */
  let early: 'told' | 'orphaned' | undefined
  let stop = (reason: 'told' | 'orphaned'): void => {
    early = reason
  }
  let snapshot = async (): Promise<Snapshot> => []
  let asked = 0
  const waiting = new Map<number, (answer: Answers[keyof Answers]) => void>()

  /** The answer; `otherwise` from a primary that is silent, or none of ours. */
  const ask = <What extends keyof Answers>(
    what: What,
    otherwise: () => Promise<Answers[What]>,
  ): Promise<Answers[What]> =>
    new Promise((resolve, reject) => {
      asked += 1
      const id = asked
      const timer = setTimeout(() => {
        waiting.delete(id)
        otherwise().then(resolve, reject)
      }, askMs)
      waiting.set(id, (answer) => {
        clearTimeout(timer)
        // The primary answers what was asked.
        resolve(answer as Answers[What])
      })
      void send({ kind: 'ask', id, what })
    })

  process.on('message', (message: FromPrimary) => {
    if (message.kind === 'stop') stop('told')
    if (message.kind === 'collect') {
      const { id } = message
      void snapshot().then((values) => send({ kind: 'snapshot', id, snapshot: values }))
    }
    if (message.kind === 'answer') {
      waiting.get(message.id)?.(message.answer)
      waiting.delete(message.id)
    }
  })
  cluster.worker?.once('disconnect', () => {
    // Node would end the process at once, and requests with it.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    stop('orphaned')
  })

  return {
    onStop: (callback) => {
      stop = callback
      if (early !== undefined) callback(early)
    },
    answerWith: (callback) => {
      snapshot = callback
    },
    leave: async () => send({ kind: 'snapshot', id: 0, snapshot: await snapshot() }),
    snapshots: () => ask('snapshots', async () => [await snapshot()]),
    workers: () => ask('workers', async () => ({ configured: 1, ready: 1, died: 0 })),
  }
}
