import { type EventPage, type EventStore, eventsMax } from '../events/event-store.js'
import type { SecurityEvent } from '../events/security-event.js'
import type { Environment } from './environment.js'

/** How many events past the maximum are removed with one append. */
const trimMax = 1_000

/** The newest security events in LMDB: a numbered list, capped. */
export const createEventStore = (environment: Environment): EventStore => {
  const table = environment.table<SecurityEvent, [number]>('events')
  const last = (): number => [...table.getKeys({ reverse: true, limit: 1 })][0]?.[0] ?? 0
  let next = last() + 1

  return {
    append: (events) =>
      environment.transaction(() => {
        for (const event of events) {
          table.put([next], event)
          next += 1
        }
        const old = table.getKeys({ end: [next - eventsMax], limit: trimMax })
        for (const key of [...old]) table.remove(key)
      }),

    async list({ limit, cursor, type, userId }): Promise<EventPage> {
      const events: SecurityEvent[] = []
      const start = cursor === undefined ? next : Number(cursor) - 1
      for (const { key, value } of table.getRange({ start: [start], reverse: true })) {
        const fits =
          (type ?? value.type) === value.type && (userId ?? value.userId) === value.userId
        if (fits) events.push(value)
        if (events.length === limit) return { events, nextCursor: String(key[0]) }
      }
      return { events }
    },
  }
}
