/** A count over all instances. */
export interface SharedCount {
  key: string
  total: number
  leftMs: number
}

/** Shares counts between instances; a store that serves one process has none. */
export interface CounterExchange {
  /**
   * Adds to a count whose window, in milliseconds, begins with its first addition; answers the sum over all
   * instances and what is left of the window. Throws `StoreUnavailable`.
   */
  add: (key: string, delta: number, windowMs: number) => Promise<{ total: number; leftMs: number }>
  /** Tells all instances of counts that are near their limits. Throws `StoreUnavailable`. */
  tell: (counts: SharedCount[]) => Promise<void>
  /** What was told since this was last asked, by oneself too. Throws `StoreUnavailable`. */
  heard: () => Promise<SharedCount[]>
}
