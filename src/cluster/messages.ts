import type { Workers } from '../fleet.js'
import type { Snapshot } from '../metrics/snapshot.js'

/** What a worker may ask the primary. */
export interface Answers {
  snapshots: Snapshot[]
  workers: Workers
}

/** What a worker tells the primary. */
export type FromWorker =
  | { kind: 'ask'; id: number; what: keyof Answers }
  | { kind: 'snapshot'; id: number; snapshot: Snapshot }

/** What the primary tells a worker. */
export type FromPrimary =
  | { kind: 'stop' }
  | { kind: 'collect'; id: number }
  | { kind: 'answer'; id: number; answer: Answers[keyof Answers] }

/** How long the primary waits for all workers' numbers, in milliseconds. */
export const collectMs = 1_000
/** How long a worker waits for the primary: longer, since that waits too. */
export const askMs = 2_000
