import { LRUCache } from 'lru-cache'
import type { Activity } from './anomaly-rules.js'

/** Shares what clients do between instances; a store that serves one process has none. */
export interface ActivityExchange {
  /** Tells what a client did here within the last minute; answers what it did elsewhere. */
  share: (client: string, here: SharedActivity) => Promise<SharedActivity>
  /** Blocks a client everywhere for so long, in milliseconds. */
  block: (client: string, ms: number) => Promise<void>
  /** The clients that are blocked now, with what is left in milliseconds. */
  blocks: () => Promise<Map<string, number>>
}

/** Activity with its routes by name, so that two instances' can be united. */
export interface SharedActivity {
  requests: number
  failures: number
  routes: string[]
}

const sliceMs = 10_000
const slices = 6
/** As many clients as are watched: under a flood of addresses the least recent are forgotten. */
const clientsMax = 20_000
/** As many routes as are remembered of a client in a slice: past the rule's bound more tell nothing. */
const routesMax = 32
/** How often activity is shared, in milliseconds, and of how many clients at once. */
const exchangeEvery = 500
const batchMax = 1_000
/** A client below this is not worth telling: no rule is near. */
const sharedFrom = 3

interface Slice {
  number: number
  requests: number
  failures: number
  routes: Set<string>
}

interface Watched {
  slices: Slice[]
  elsewhere: SharedActivity
  /** When `elsewhere` was heard. */
  heardAt: number
  flaggedAt: number
}

const nothing: SharedActivity = { requests: 0, failures: 0, routes: [] }

/**
 * What each client did within the last minute, in slices of ten seconds, here and on other instances.
 * Bounded: 20,000 clients of at most 6 slices and 32 routes each, whoever comes.
 */
export const createActivityWatch = (exchange: ActivityExchange | undefined) => {
  const clients = new LRUCache<string, Watched>({ max: clientsMax })
  const blocked = new LRUCache<string, number>({ max: clientsMax })
  const changed = new Set<string>()

  const watchedOf = (client: string): Watched => {
    const known = clients.get(client)
    if (known !== undefined) return known
    const watched: Watched = { slices: [], elsewhere: nothing, heardAt: 0, flaggedAt: 0 }
    clients.set(client, watched)
    return watched
  }

  /** The present slice; those older than a minute go. */
  const sliceOf = (watched: Watched): Slice => {
    const number = Math.floor(Date.now() / sliceMs)
    const last = watched.slices.at(-1)
    if (last?.number === number) return last
    const slice = { number, requests: 0, failures: 0, routes: new Set<string>() }
    watched.slices = [...watched.slices.filter((old) => old.number > number - slices), slice]
    return slice
  }

  const here = (watched: Watched): SharedActivity => {
    sliceOf(watched)
    const routes = new Set<string>()
    let requests = 0
    let failures = 0
    for (const slice of watched.slices) {
      requests += slice.requests
      failures += slice.failures
      for (const route of slice.routes) routes.add(route)
    }
    return { requests, failures, routes: [...routes] }
  }

  const total = (watched: Watched): Activity => {
    const own = here(watched)
    const isRecent = Date.now() - watched.heardAt < sliceMs * slices
    const { requests, failures, routes } = isRecent ? watched.elsewhere : nothing
    return {
      requests: own.requests + requests,
      failures: own.failures + failures,
      routes: new Set([...own.routes, ...routes]).size,
    }
  }

  const share = async (shared: ActivityExchange, client: string): Promise<void> => {
    const watched = clients.peek(client)
    if (watched === undefined) return
    const own = here(watched)
    if (own.requests < sharedFrom && own.failures === 0) return
    watched.elsewhere = await shared.share(client, own)
    watched.heardAt = Date.now()
  }

  const hearBlocks = async (shared: ActivityExchange): Promise<void> => {
    for (const [client, leftMs] of await shared.blocks()) blocked.set(client, Date.now() + leftMs)
  }

  const timer = setInterval(() => {
    if (exchange === undefined) return
    const batch = [...changed].slice(0, batchMax)
    for (const client of batch) changed.delete(client)
    const told = batch.map((client) => share(exchange, client))
    // While the store is away each instance judges by what it sees itself.
    void Promise.allSettled([...told, hearBlocks(exchange)])
  }, exchangeEvery)
  timer.unref()

  return {
    /** Notes one request, and answers all that the client did within the last minute. */
    request: (client: string, route: string): Activity => {
      const watched = watchedOf(client)
      const slice = sliceOf(watched)
      slice.requests += 1
      if (slice.routes.size < routesMax) slice.routes.add(route)
      if (exchange !== undefined) changed.add(client)
      return total(watched)
    },
    /** Notes an authentication that was refused. */
    failure: (client: string): void => {
      sliceOf(watchedOf(client)).failures += 1
      if (exchange !== undefined) changed.add(client)
    },
    /** Whether the client was not flagged within its present memory, so that a log is not flooded. */
    isFirstFlag: (client: string): boolean => {
      const watched = watchedOf(client)
      const isFirst = Date.now() - watched.flaggedAt >= sliceMs * slices
      if (isFirst) watched.flaggedAt = Date.now()
      return isFirst
    },
    /** Blocks a client for so long, in milliseconds; on other instances within the exchange. */
    block: (client: string, ms: number): void => {
      blocked.set(client, Date.now() + ms)
      exchange?.block(client, ms).catch(() => {})
    },
    /** For how long the client is blocked still, in milliseconds; 0 if it is not. */
    blockedMs: (client: string): number => Math.max(0, (blocked.get(client) ?? 0) - Date.now()),
    close: () => clearInterval(timer),
  }
}

export type ActivityWatch = ReturnType<typeof createActivityWatch>
