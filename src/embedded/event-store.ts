import { checkedCursor, createPage, type EventStore, eventsMax } from '../events/event-store.js'
import type { SecurityEvent } from '../events/security-event.js'
import type { Environment } from './environment.js'

/** How many events past the maximum are removed with one append. */
const trimMax = 1_000

/** LMDB reads a key of one part back as that part alone, so it has two. */
type Key = ['event', number]
const keyOf = (number: number): Key => ['event', number]

/** The newest security events in LMDB: a numbered list, capped. */
export const createEventStore = (environment: Environment): EventStore => {
  const table = environment.table<SecurityEvent, Key>('events')
  const last = (): number => [...table.getKeys({ reverse: true, limit: 1 })][0]?.[1] ?? 0

  return {
    append: (events) =>
      environment.transaction(() => {
        let number = last()
        for (const event of events) {
          number += 1
          table.put(keyOf(number), event)
        }
        const old = table.getKeys({ end: keyOf(number - eventsMax + 1), limit: trimMax })
        for (const key of [...old]) table.remove(key)
      }),

    list: (query) =>
      environment.read(() => {
        const { cursor } = query
        const before =
          cursor === undefined ? last() + 1 : Number(checkedCursor(cursor, /^\d{1,15}$/))
        const page = createPage(query)
        // In reverse the start is the upper bound, and included.
        for (const { key, value } of table.getRange({ start: keyOf(before - 1), reverse: true })) {
          const full = page.take(String(key[1]), value)
          if (full !== undefined) return full
        }
        return page.end()
      }),
  }
}
