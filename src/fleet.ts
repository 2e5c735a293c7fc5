import type { Snapshot } from './metrics/snapshot.js'

/** How the workers of a cluster are, as the primary sees them. */
export interface Workers {
  /** How many there should be. */
  configured: number
  /** How many serve. */
  ready: number
  /** How many have ended by themselves since the start. */
  died: number
}

/** What a worker of a cluster can ask of the primary, which knows the others. */
export interface Fleet {
  /** What to tell when the primary asks this worker. */
  answerWith: (snapshot: () => Promise<Snapshot>) => void
  /** What all workers have measured, gone ones too; one that hangs is passed over, not waited for. */
  snapshots: () => Promise<Snapshot[]>
  workers: () => Promise<Workers>
}
