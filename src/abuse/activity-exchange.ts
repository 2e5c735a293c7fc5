import type { SharedActivity } from './deeds.js'

/** Shares what clients do between instances; a store that serves one process has none. */
export interface ActivityExchange {
  /** Tells what a client did here of late; answers what it did elsewhere. Throws `StoreUnavailable`. */
  share: (client: string, here: SharedActivity) => Promise<SharedActivity>
  /** Tells all instances which clients are near a rule. Throws `StoreUnavailable`. */
  tell: (clients: string[]) => Promise<void>
  /** Who was named since this was last asked, by oneself too. Throws `StoreUnavailable`. */
  heard: () => Promise<string[]>
  /** Blocks a client everywhere for so long, in milliseconds. Throws `StoreUnavailable`. */
  block: (client: string, ms: number) => Promise<void>
  /**
   * The clients that were blocked since this was last asked, some of them again, with what is left in
   * milliseconds. Throws `StoreUnavailable`.
   */
  blocks: () => Promise<Map<string, number>>
}
