import type { Config } from './config/schema.js'
import { openEmbedded } from './embedded/index.js'
import { openRedis } from './redis/index.js'
import type { StoreEvents, Stores } from './stores.js'

/** Opens the configured store. A Redis that is away is waited for in the background. Throws `StoreLocked`, `StoreIncompatible`. */
export const openStores = (config: Config, events: StoreEvents): Stores =>
  config.REDIS_URL === undefined
    ? openEmbedded(config.EMBEDDED_STORE_PATH)
    : openRedis({ url: config.REDIS_URL, keyPrefix: config.REDIS_KEY_PREFIX }, events)
