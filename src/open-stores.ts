import type { Config } from './config/schema.js'
import type { StoreEvents, Stores } from './stores.js'

/**
 * Opens the configured store, and loads no other one's driver. A Redis that is away is waited for in the
 * background. Throws `StoreLocked`, `StoreIncompatible`.
 */
export const openStores = async (config: Config, events: StoreEvents): Promise<Stores> => {
  if (config.REDIS_URL === undefined) {
    const { openEmbedded } = await import('./embedded/index.js')
    return openEmbedded(config.EMBEDDED_STORE_PATH)
  }
  const { openRedis } = await import('./redis/index.js')
  return openRedis({ url: config.REDIS_URL, keyPrefix: config.REDIS_KEY_PREFIX }, events)
}
