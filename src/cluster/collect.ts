import type { Worker } from 'node:cluster'
import { countsOf, type Snapshot } from '../metrics/snapshot.js'
import { collectMs, type FromPrimary, type FromWorker } from './messages.js'

/** Tells a worker something, if it still listens. */
export const tell = (worker: Worker, message: FromPrimary): void => {
  if (worker.isConnected()) worker.send(message, () => {})
}

/** Gathers what the workers have measured. */
export const createCollector = () => {
  let collection = 0
  /** What each worker last told; the only word of one that was killed, and what Prometheus has seen. */
  const latest = new Map<number, Snapshot>()
  /** The counts of all that have ended. */
  let gone: Snapshot = []
  let settling = Promise.resolve()
  const heard = new Map<number, (workerId: number) => void>()

  return {
    heard: (worker: Worker, { id, snapshot }: FromWorker & { kind: 'snapshot' }): void => {
      // It was kept already when the worker ended.
      if (worker.isDead()) return
      latest.set(worker.id, snapshot)
      heard.get(id)?.(worker.id)
    },

    /** Keeps the counts of a worker that has ended. */
    ended: (worker: Worker): void => {
      const last = latest.get(worker.id)
      latest.delete(worker.id)
      if (last === undefined) return
      settling = settling.then(async () => {
        gone = await countsOf([gone, last])
      })
    },

    /** What all workers have measured; of those that are gone or silent, the counts that they last told. */
    collect: async (workers: Worker[]): Promise<Snapshot[]> => {
      collection += 1
      const id = collection
      const missing = new Set(workers.map((worker) => worker.id))
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, collectMs)
        heard.set(id, (workerId) => {
          missing.delete(workerId)
          if (missing.size > 0) return
          clearTimeout(timer)
          resolve()
        })
        for (const worker of workers) tell(worker, { kind: 'collect', id })
      })
      heard.delete(id)
      await settling
      const told = [...latest].filter(([workerId]) => !missing.has(workerId))
      const silent = [...latest].filter(([workerId]) => missing.has(workerId))
      const counts = await countsOf([gone, ...silent.map(([, snapshot]) => snapshot)])
      return [...told.map(([, snapshot]) => snapshot), counts]
    },
  }
}
