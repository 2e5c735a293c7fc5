import { LRUCache } from 'lru-cache'

/** Shares counts between instances; a store that serves one process has none. */
export interface CounterExchange {
  /**
   * Adds to a count whose window, in milliseconds, begins with its first addition; answers the sum over all
   * instances and what is left of the window. Throws `StoreUnavailable`.
   */
  add: (key: string, delta: number, windowMs: number) => Promise<{ total: number; leftMs: number }>
}

/** What is known here of one count. */
interface Window {
  /** Over all instances, as last heard. */
  total: number
  /** Counted here since, and not told yet. */
  delta: number
  /** On its way to the others. */
  telling: number
  endsAt: number
  windowMs: number
  /** Whether somebody has been told that this window's limit is met. */
  isReported: boolean
}

/** As many keys as are kept: a flood of addresses pushes out the least active, never the memory's bound. */
export const keysMax = 50_000
/** How often counts are told, in milliseconds; an instance knows those of the others this late at most. */
const exchangeEvery = 500
/** As many keys as are told at once; the others wait for the next turn, the busy ones before the rest. */
const batchMax = 2_000
/** From here on a key is busy: in a flood of addresses that come once, those that insist are told first. */
const busyFrom = 3

/**
 * Counts requests at memory speed and tells the other instances in the background. In a window at most
 * `max` + what the other instances let through within one exchange can pass: the overshoot is bounded by
 * instances x rate x 0.5 s. While the store is away each instance goes on by itself.
 */
export const createCounters = (exchange: CounterExchange | undefined) => {
  const changed = new Set<string>()
  const busy = new Set<string>()
  const windows = new LRUCache<string, Window>({
    max: keysMax,
    dispose: (_window, key, reason) => {
      if (reason !== 'evict') return
      changed.delete(key)
      busy.delete(key)
    },
  })

  const note = (key: string, { delta }: Window): void => {
    if (exchange !== undefined) (delta >= busyFrom ? busy : changed).add(key)
  }

  const tell = async (shared: CounterExchange, key: string): Promise<void> => {
    const window = windows.peek(key)
    // What is on its way is waited for, or answers that overtake each other would be believed.
    if (window === undefined || window.delta === 0 || window.telling > 0) return
    window.telling = window.delta
    window.delta = 0
    try {
      const { total, leftMs } = await shared.add(key, window.telling, window.windowMs)
      window.total = total
      window.endsAt = Date.now() + leftMs
    } catch {
      // Told again; until then this instance's own numbers hold.
      window.delta += window.telling
    }
    window.telling = 0
    if (window.delta > 0 && windows.peek(key) === window) note(key, window)
  }

  const exchangeAll = (shared: CounterExchange): void => {
    let left = batchMax
    for (const waiting of [busy, changed]) {
      for (const key of waiting) {
        if (left === 0) return
        left -= 1
        waiting.delete(key)
        void tell(shared, key)
      }
    }
  }
  const timer = exchange && setInterval(() => exchangeAll(exchange), exchangeEvery)
  timer?.unref()

  return {
    /** Counts one, and answers how many that makes and what is left of the window in milliseconds. */
    count: (key: string, windowMs: number): { current: number; leftMs: number } => {
      const now = Date.now()
      let window = windows.get(key)
      if (window === undefined || window.endsAt <= now) {
        const endsAt = now + windowMs
        window = { total: 0, delta: 0, telling: 0, endsAt, windowMs, isReported: false }
        windows.set(key, window)
      }
      window.delta += 1
      note(key, window)
      return { current: window.total + window.telling + window.delta, leftMs: window.endsAt - now }
    },
    /** Whether this is the first time in the key's window that it is asked: a log is not to be flooded. */
    isFirstReport: (key: string): boolean => {
      const window = windows.peek(key)
      if (window === undefined || window.isReported) return false
      window.isReported = true
      return true
    },
    /** How many keys are held, and how many of them wait to be told. */
    stats: () => ({ keys: windows.size, waiting: new Set([...changed, ...busy]).size }),
    close: () => clearInterval(timer),
  }
}

export type Counters = ReturnType<typeof createCounters>
