import type { EventType, SecurityEvent } from './security-event.js'

/** As many events as are kept; the oldest go first. */
export const eventsMax = 100_000

export interface EventQuery {
  /** 1 to 100. */
  limit: number
  /** Where the last page ended; absent for the newest. */
  cursor?: string
  type?: EventType
  userId?: string
}

/** One page of events, the newest first; `nextCursor` is absent on the last. */
export interface EventPage {
  events: SecurityEvent[]
  nextCursor?: string
}

/** Where the newest security events are kept. Both throw `StoreUnavailable`. */
export interface EventStore {
  /** Appends events in their order. Called again after a failure it may keep some of them twice. */
  append: (events: SecurityEvent[]) => Promise<void>
  /** Reads a page. Events that come in meanwhile neither shift nor repeat what a cursor leads to. */
  list: (query: EventQuery) => Promise<EventPage>
}
