/** What one key may do within a window. */
export interface AttemptLimit {
  max: number
  windowMs: number
}

/** As many attempts of one key as may be under way at once, whatever is left: a record stays small. */
export const underWayMax = 64

/** What is said to whoever asks to make an attempt; `resetMs` until the window ends. */
export type Attempt =
  | { outcome: 'go' }
  /** As many attempts are under way as are left, or as may be at once: ask again when one is settled. */
  | { outcome: 'wait' }
  | { outcome: 'exceeded'; resetMs: number }

/**
 * Counts attempts exactly, across all instances. The window begins with the first attempt that counts. Each
 * method is one atomic step and throws `StoreUnavailable` when the store can't be reached in time: what is
 * limited then fails closed.
 */
export interface AttemptStore {
  /** Asks to make an attempt of which it is not known yet whether it counts; it has to be settled. */
  reserve: (key: string, id: string, limit: AttemptLimit) => Promise<Attempt>
  /** Settles it, once. One that counts does so even if its reservation has lapsed meanwhile. */
  settle: (key: string, id: string, counts: boolean, limit: AttemptLimit) => Promise<void>
}
