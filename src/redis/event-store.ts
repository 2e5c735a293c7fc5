import { checkedCursor, createPage, type EventStore, eventsMax } from '../events/event-store.js'
import type { SecurityEvent } from '../events/security-event.js'
import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

/** How many events are read at once. */
const readMax = 500

/** The newest security events in Redis: a capped stream. */
export const createEventStore = (client: Client, keys: Keys): EventStore => {
  const appendEvents = script<'appended'>(client, 'append-events')

  return {
    async append(events) {
      const texts = events.map((event) => JSON.stringify(event))
      await appendEvents([keys.events], [eventsMax, ...texts])
    },

    async list(query) {
      const { cursor } = query
      let end = cursor === undefined ? '+' : `(${checkedCursor(cursor, /^\d{1,15}-\d{1,15}$/)}`
      const page = createPage(query)
      for (;;) {
        const read = client.xrevrange(keys.events, end, '-', 'COUNT', readMax)
        const entries = await command(read)
        for (const [id, [, text = '']] of entries) {
          // Only `append` writes it.
          const full = page.take(id, JSON.parse(text) as SecurityEvent)
          if (full !== undefined) return full
          end = `(${id}`
        }
        if (entries.length < readMax) return page.end()
      }
    },
  }
}
