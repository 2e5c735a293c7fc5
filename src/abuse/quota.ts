import { LRUCache } from 'lru-cache'

/** As many keys as are kept: a flood of them forgets the least recent. */
const keysMax = 10_000

/**
 * Lets so many pass for each key within a window that begins with the first. Of this process, and loose: for
 * what is only to be kept from flooding something else.
 */
export const createQuota = ({ max, windowMs }: { max: number; windowMs: number }) => {
  const windows = new LRUCache<string, { taken: number; endsAt: number }>({ max: keysMax })
  return {
    /** Whether one more may pass; it is counted if so. */
    take: (key: string): boolean => {
      const now = Date.now()
      const known = windows.get(key)
      const window = known && known.endsAt > now ? known : { taken: 0, endsAt: now + windowMs }
      if (window !== known) windows.set(key, window)
      if (window.taken >= max) return false
      window.taken += 1
      return true
    },
  }
}
