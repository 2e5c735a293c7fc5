import { LRUCache } from 'lru-cache'
import type { ActivityExchange } from './activity-exchange.js'
import { type Activity, type AnomalyRules, isHalfway } from './anomaly-rules.js'
import {
  countFailure,
  countRequest,
  type Deeds,
  fromAges,
  keepRoute,
  noDeeds,
  prune,
  toAges,
  totalOf,
} from './deeds.js'

/** As many clients as are watched: under a flood of addresses the least recent are forgotten. */
export const clientsMax = 20_000
/**
 * How often activity is shared, in milliseconds, and of how many clients at once. Telling and hearing take a
 * turn each at most, so what is near a rule is known everywhere within a second.
 */
const exchangeEvery = 400
const batchMax = 1_000
/** A client with fewer requests, and no failure, is not worth telling: no rule is near. */
const sharedFrom = 3

interface Watched extends Deeds {
  elsewhere: Deeds
  flaggedAt: number
}

const strangers = 'stranger:'

/** The client that somebody without a session is. */
export const strangerOf = (mark: string): string => strangers + mark

/** Whether a client is a session, which is one person; its id stands for it. */
export const isSession = (client: string): boolean => !client.startsWith(strangers)

/**
 * What each client did within the last minute, in slices of two seconds, here and on other instances.
 * Bounded: 20,000 clients of at most 30 slices and `routesMax` + 1 routes each, twice, whoever comes.
 */
export const createActivityWatch = (
  exchange: ActivityExchange | undefined,
  rules: AnomalyRules,
) => {
  const { routesMax } = rules
  const changed = new Set<string>()
  const clients = new LRUCache<string, Watched>({
    max: clientsMax,
    dispose: (_watched, client) => changed.delete(client),
  })
  const blocked = new LRUCache<string, number>({ max: clientsMax })

  const watchedOf = (client: string): Watched => {
    const known = clients.get(client)
    if (known !== undefined) return known
    const watched: Watched = { ...noDeeds(), elsewhere: noDeeds(), flaggedAt: 0 }
    clients.set(client, watched)
    return watched
  }

  /** Told are only those near a rule, so that a flood of clients is no flood of messages. */
  const note = (client: string, { requests, failures }: Watched): void => {
    if (exchange === undefined) return
    if (requests >= sharedFrom || failures > 0) changed.add(client)
  }

  const share = async (shared: ActivityExchange, client: string): Promise<void> => {
    const watched = clients.peek(client)
    if (watched === undefined) return
    prune(watched)
    watched.elsewhere = fromAges(await shared.share(client, toAges(watched)), routesMax)
  }

  /** The block is the answer to what a client did: when it ends, the client begins anew. */
  const block = (client: string, ms: number): void => {
    if ((blocked.get(client) ?? 0) <= Date.now()) clients.delete(client)
    blocked.set(client, Date.now() + ms)
  }

  const hearBlocks = async (shared: ActivityExchange): Promise<void> => {
    for (const [client, leftMs] of await shared.blocks()) block(client, leftMs)
  }

  const isNear = (client: string): boolean => {
    const watched = clients.peek(client)
    return (
      watched !== undefined &&
      isHalfway(totalOf(watched, watched.elsewhere), rules, isSession(client))
    )
  }

  /** Shares what has changed, and asks about those who are near a rule elsewhere before they come here. */
  const shareAll = async (shared: ActivityExchange): Promise<void> => {
    const turn: string[] = []
    for (const client of changed) {
      if (turn.length === batchMax) break
      changed.delete(client)
      turn.push(client)
    }
    await Promise.all(turn.map((client) => share(shared, client)))
    const near = turn.filter(isNear)
    if (near.length > 0) await shared.tell(near)
    const heard = new Set(await shared.heard())
    for (const client of near) heard.delete(client)
    for (const client of heard) watchedOf(client)
    await Promise.all([...heard].map((client) => share(shared, client)))
  }

  const exchangeAll = (shared: ActivityExchange): void => {
    // While the store is away each instance judges by what it sees itself.
    void Promise.allSettled([hearBlocks(shared), shareAll(shared)])
  }
  const timer = exchange && setInterval(() => exchangeAll(exchange), exchangeEvery)
  timer?.unref()

  return {
    /** Notes one request, and answers all that the client did within the last minute. */
    request: (client: string, route: string): Activity => {
      const watched = watchedOf(client)
      prune(watched)
      prune(watched.elsewhere)
      countRequest(watched)
      keepRoute(watched, route, routesMax)
      note(client, watched)
      return totalOf(watched, watched.elsewhere)
    },
    /** All that the client did within the last minute; notes nothing. */
    look: (client: string): Activity => {
      const watched = clients.peek(client)
      if (watched === undefined) return { requests: 0, failures: 0, routes: 0 }
      prune(watched)
      prune(watched.elsewhere)
      return totalOf(watched, watched.elsewhere)
    },
    /** Notes an authentication that was refused. */
    failure: (client: string): void => {
      const watched = watchedOf(client)
      prune(watched)
      countFailure(watched)
      note(client, watched)
    },
    /** Whether the client was not flagged within the last minute: a log is not to be flooded. */
    isFirstFlag: (client: string): boolean => {
      const watched = watchedOf(client)
      const isFirst = Date.now() - watched.flaggedAt >= 60_000
      if (isFirst) watched.flaggedAt = Date.now()
      return isFirst
    },
    /** Blocks a client for so long, in milliseconds; on other instances within the exchange. */
    block: (client: string, ms: number): void => {
      block(client, ms)
      exchange?.block(client, ms).catch(() => {})
    },
    /** For how long the client is blocked still, in milliseconds; 0 if it is not. */
    blockedMs: (client: string): number => Math.max(0, (blocked.get(client) ?? 0) - Date.now()),
    /** How many clients are held, and how many of them wait to be told. */
    stats: () => ({ clients: clients.size, blocked: blocked.size, waiting: changed.size }),
    close: () => clearInterval(timer),
  }
}
