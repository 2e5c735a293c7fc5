import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { openEmbedded } from '../src/embedded/index.js'
import { openRedis } from '../src/redis/index.js'
import type { Stores } from '../src/stores.js'

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
        : openRedis(
            { url, keyPrefix },
            {
              connected: () => app.log.info('store connected'),
              lost: (err) => app.log.error({ err }, 'store lost'),
              warning: (message) => app.log.warn(message),
            },
          )
    stores.invalidations.listen({
      invalidated: () => {},
      lost: () => app.log.error('invalidation channel lost, the validation cache is out of use'),
      restored: () => app.log.info('invalidation channel proved, the validation cache is in use'),
    })
    app.decorate('stores', stores)
    app.addHook('onClose', () => stores.close())
  },
  { name: 'stores' },
)
