import { LRUCache } from 'lru-cache'
import type { CounterExchange, SharedCount } from './counter-exchange.js'

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
  /** From here on the other instances are told, also those which the key has not come to yet. */
  nearFrom: number
  /** Whether somebody has been told that this window's limit is met. */
  isReported: boolean
}

/** As many keys as are kept: a flood of addresses pushes out the least active, never the memory's bound. */
export const keysMax = 50_000
/**
 * How often counts are told and heard, in milliseconds. Telling and hearing take a turn each at most, so a
 * count near its limit is known everywhere within a second.
 */
const exchangeEvery = 400
/** As many keys as are told at once; the others wait for the next turn, the busy ones before the rest. */
const batchMax = 2_000
/** From here on a key is busy: in a flood of addresses that come once, those that insist are told first. */
const busyFrom = 3

const newWindow = (windowMs: number, now: number): Window => ({
  total: 0,
  delta: 0,
  telling: 0,
  endsAt: now + windowMs,
  windowMs,
  nearFrom: Number.POSITIVE_INFINITY,
  isReported: false,
})

/**
 * Counts requests at memory speed and tells the other instances in the background. In a window at most
 * `max` + what the other instances let through within two turns can pass: the overshoot is bounded by
 * instances x rate x 0.8 s. While the store is away each instance goes on by itself.
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

  /** Tells one key's count; answers what others should hear of it at once. */
  const add = async (shared: CounterExchange, key: string): Promise<SharedCount | undefined> => {
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
    const { total, endsAt } = window
    return total >= window.nearFrom ? { key, total, leftMs: endsAt - Date.now() } : undefined
  }

  /** The keys of one turn. */
  const turn = (): string[] => {
    const keys: string[] = []
    for (const waiting of [busy, changed]) {
      for (const key of waiting) {
        if (keys.length === batchMax) return keys
        waiting.delete(key)
        keys.push(key)
      }
    }
    return keys
  }

  /** Believes what is higher than what is known; while an own count is on its way, its answer is newer. */
  const believe = ({ key, total, leftMs }: SharedCount): void => {
    const known = windows.peek(key)
    const now = Date.now()
    const isOver = known === undefined || known.endsAt <= now
    if (leftMs <= 0 || (!isOver && (known.telling > 0 || known.total >= total))) return
    if (isOver) windows.set(key, { ...newWindow(leftMs, now), total })
    else Object.assign(known, { total, endsAt: now + leftMs })
  }

  const exchangeAll = async (shared: CounterExchange): Promise<void> => {
    const added = await Promise.all(turn().map((key) => add(shared, key)))
    const near = added.filter((count) => count !== undefined)
    if (near.length > 0) await shared.tell(near)
    for (const count of await shared.heard()) believe(count)
  }
  const timer =
    exchange &&
    setInterval(() => {
      // While the store is away there is nothing to hear, and nobody to tell.
      exchangeAll(exchange).catch(() => {})
    }, exchangeEvery)
  timer?.unref()

  return {
    /**
     * Counts one, and answers how many that makes and what is left of the window in milliseconds. From half
     * of `max` on, every instance hears of it.
     */
    count: (key: string, windowMs: number, max: number): { current: number; leftMs: number } => {
      const now = Date.now()
      let window = windows.get(key)
      if (window === undefined || window.endsAt <= now) {
        window = newWindow(windowMs, now)
        windows.set(key, window)
      }
      window.nearFrom = max / 2
      window.delta += 1
      // It waits already, but for the first time and when it gets busy.
      if (window.delta === 1 || window.delta === busyFrom) note(key, window)
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
