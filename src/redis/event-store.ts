import { type EventPage, type EventStore, eventsMax } from '../events/event-store.js'
import type { SecurityEvent } from '../events/security-event.js'
import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

/** How many events are read at once, and at most for one page when a filter finds few. */
const readMax = 500
const scanMax = 20_000

/** The newest security events in Redis: a capped stream. */
export const createEventStore = (client: Client, keys: Keys): EventStore => {
  const appendEvents = script<'appended'>(client, 'append-events')

  return {
    async append(events) {
      const texts = events.map((event) => JSON.stringify(event))
      await appendEvents([keys.events], [eventsMax, ...texts])
    },

    async list({ limit, cursor, type, userId }): Promise<EventPage> {
      const events: SecurityEvent[] = []
      let end = cursor === undefined ? '+' : `(${cursor}`
      for (let scanned = 0; scanned < scanMax; scanned += readMax) {
        const read = client.xrevrange(keys.events, end, '-', 'COUNT', readMax)
        const entries = await command(read)
        for (const [id, [, text = '']] of entries) {
          // Only `append` writes it.
          const event = JSON.parse(text) as SecurityEvent
          const fits =
            (type ?? event.type) === event.type && (userId ?? event.userId) === event.userId
          if (fits) events.push(event)
          if (events.length === limit) return { events, nextCursor: id }
          end = `(${id}`
        }
        if (entries.length < readMax) return { events }
      }
      return { events, nextCursor: end.slice(1) }
    },
  }
}
