import { ValidationFailed } from '../errors.js'
import type { EventType, SecurityEvent } from './security-event.js'

/** As many events as are kept; the oldest go first. */
export const eventsMax = 100_000

/** Which events, and how many at most. */
export interface EventQuery {
  /** 1 to 100. */
  limit: number
  /** Where the last page ended; absent for the newest. */
  cursor?: string
  type?: EventType
  userId?: string
}

/**
 * One page of events, the newest first; `nextCursor` is absent on the last. A page may be short of its limit,
 * or empty, and not be the last, where a filter finds little.
 */
export interface EventPage {
  events: SecurityEvent[]
  nextCursor?: string
}

/** As many events as one call looks through for a page. */
export const scanMax = 20_000

/** Where the newest security events are kept. Both throw `StoreUnavailable`. */
export interface EventStore {
  /** Appends events in their order. Called again after a failure it may keep some of them twice. */
  append: (events: SecurityEvent[]) => Promise<void>
  /**
   * Reads a page. Events that come in meanwhile neither shift nor repeat what a cursor leads to. Throws
   * `ValidationFailed` for a cursor that no page ended with.
   */
  list: (query: EventQuery) => Promise<EventPage>
}

/** The cursor, if it has a store's form; a refusal of the field otherwise. */
export const checkedCursor = (cursor: string, form: RegExp): string => {
  if (form.test(cursor)) return cursor
  throw new ValidationFailed([{ field: 'cursor', message: 'This is not a cursor' }])
}

/** Collects a page from entries that come the newest first. */
export const createPage = ({ limit, type, userId }: EventQuery) => {
  const events: SecurityEvent[] = []
  let last = ''
  let seen = 0
  return {
    /** Takes one entry, if it fits; answers the page once no further entry is needed. */
    take: (id: string, event: SecurityEvent): EventPage | undefined => {
      const fits = (type ?? event.type) === event.type && (userId ?? event.userId) === event.userId
      // One more than the page takes shows that there is another page.
      if (fits && events.length === limit) return { events, nextCursor: last }
      if (fits) events.push(event)
      // Behind a full page nothing is skipped for good: it is looked through again for the next one.
      if (events.length < limit || fits) last = id
      seen += 1
      return seen < scanMax ? undefined : { events, nextCursor: last }
    },
    /** The page, when there are no more entries. */
    end: (): EventPage => ({ events }),
  }
}
