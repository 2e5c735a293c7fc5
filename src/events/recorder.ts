import type { EventStore } from './event-store.js'
import type { SecurityEvent } from './security-event.js'

/** As many events as wait for a store that is away; then the oldest are dropped. The log has them all. */
const waitingMax = 10_000
const batchMax = 500
/** How long the store is left alone after a failure, in milliseconds. */
const retryAfter = 1_000

/** Takes events to the store in the background, in order and in batches. */
export const createRecorder = (store: EventStore) => {
  let waiting: SecurityEvent[] = []
  let dropped = 0
  let flushing: Promise<void> | undefined
  let resting: NodeJS.Timeout | undefined

  const bound = (): void => {
    const excess = waiting.length - waitingMax
    if (excess <= 0) return
    waiting.splice(0, excess)
    dropped += excess
  }

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchMax)
      try {
        await store.append(batch)
      } catch {
        waiting = [...batch, ...waiting]
        bound()
        // By itself, for the next event may be long in coming.
        resting = setTimeout(start, retryAfter)
        resting.unref()
        break
      }
    }
    // In the same turn as the last look at what waits, or an event in between would be left lying.
    flushing = undefined
  }
  const start = (): Promise<void> => {
    clearTimeout(resting)
    resting = undefined
    if (waiting.length > 0) flushing ??= flush()
    return flushing ?? Promise.resolve()
  }

  return {
    record: (event: SecurityEvent): void => {
      waiting.push(event)
      bound()
      if (resting === undefined) void start()
    },
    /** How many events the store has not got, and how many it never will. */
    stats: () => ({ waiting: waiting.length, dropped }),
    /** One last try. */
    close: async (): Promise<void> => {
      await start()
      clearTimeout(resting)
    },
  }
}
