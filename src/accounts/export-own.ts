import type { ExactCount } from '../abuse/exact-count.js'
import { InvalidToken, RateLimitExceeded } from '../errors.js'
import type { EventStore } from '../events/event-store.js'
import type { SecurityEvent } from '../events/security-event.js'
import type { Session } from '../sessions/session.js'
import type { SessionStore } from '../sessions/session-store.js'
import type { Account } from './account.js'
import type { AccountStore } from './account-store.js'

export interface ExportOwnDeps {
  accounts: Pick<AccountStore, 'findById'>
  sessions: Pick<SessionStore, 'list'>
  events: Pick<EventStore, 'list'>
  count: ExactCount
}

/** An export looks through all events: so often an account may ask for one. */
const limit = { max: 10, windowMs: 60 * 60_000 }
/** As many events as are asked for at once. */
const pageMax = 1_000

/** All that is stored on a person. */
export interface OwnData {
  account: Account
  sessions: Session[]
  /** The newest first. */
  events: SecurityEvent[]
}

/**
 * Reads all that is stored on a signed-in person. Throws `RateLimitExceeded`, `InvalidToken` (account gone),
 * `Overloaded`, `StoreUnavailable`.
 */
export const createExportOwn = (deps: ExportOwnDeps) => {
  const admit = async (userId: string): Promise<void> => {
    const counted = await deps.count([`export:${userId}`], limit)
    if (counted.outcome === 'go') return
    const reset = Math.max(1, Math.ceil(counted.resetMs / 1000))
    throw new RateLimitExceeded({ retryAfter: reset, limit: { max: limit.max, reset } })
  }

  const eventsOf = async (userId: string): Promise<SecurityEvent[]> => {
    const found: SecurityEvent[] = []
    let cursor: string | undefined
    do {
      const query = { limit: pageMax, userId, ...(cursor !== undefined && { cursor }) }
      const page = await deps.events.list(query)
      found.push(...page.events)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    return found
  }

  return async (userId: string): Promise<OwnData> => {
    await admit(userId)
    const account = await deps.accounts.findById(userId)
    if (account === undefined) throw new InvalidToken()
    const sessions = await deps.sessions.list(userId)
    return { account, sessions, events: await eventsOf(userId) }
  }
}
