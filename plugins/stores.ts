import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { openEmbedded } from '../src/embedded/index.js'
import { openRedis } from '../src/redis/index.js'
import type { Stores } from '../src/stores.js'
import { logChannel, logStore } from './store-log.js'

declare module 'fastify' {
  interface FastifyInstance {
    stores: Stores
  }
}

/** Opens the configured store. A Redis that is away is waited for in the background. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { REDIS_URL: url, REDIS_KEY_PREFIX: keyPrefix } = config
    const stores =
      url === undefined
        ? openEmbedded(config.EMBEDDED_STORE_PATH)
        : openRedis({ url, keyPrefix }, logStore(app.log))
    stores.invalidations.listen(logChannel(app.log))
    app.decorate('stores', stores)
    app.addHook('onClose', () => stores.close())
  },
  { name: 'stores' },
)
