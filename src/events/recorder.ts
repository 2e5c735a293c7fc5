import type { EventStore } from './event-store.js'
import type { SecurityEvent } from './security-event.js'

/** As many events as wait for a store that is away; then the oldest are dropped. The log has them all. */
const waitingMax = 10_000
const batchMax = 500
/** How long the store is left alone after a failure, in milliseconds. */
const retryAfter = 1_000

/** Takes events to the store in the background, in order and in batches. */
export const createRecorder = (store: EventStore) => {
  const waiting: SecurityEvent[] = []
  let dropped = 0
  let flushing: Promise<void> | undefined
  let restAt = 0

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchMax)
      try {
        await store.append(batch)
        waiting.splice(0, batch.length)
      } catch {
        restAt = performance.now() + retryAfter
        return
      }
    }
  }
  const start = (): Promise<void> => {
    flushing ??= flush().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  return {
    record: (event: SecurityEvent): void => {
      waiting.push(event)
      // Not while a batch is on its way: its events are counted off the front.
      if (waiting.length > waitingMax && flushing === undefined) {
        waiting.shift()
        dropped += 1
      }
      if (performance.now() >= restAt) void start()
    },
    /** How many events the store has not got, and how many it never will. */
    stats: () => ({ waiting: waiting.length, dropped }),
    /** One last try. */
    close: () => start(),
  }
}
