import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { measureStores } from '../src/measured-stores.js'
import { openStores } from '../src/open-stores.js'
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
    const stores = measureStores(openStores(config, logStore(app.log)), app.metrics.operation)
    stores.invalidations.listen(logChannel(app.log))
    app.decorate('stores', stores)
    app.addHook('onClose', () => stores.close())
  },
  { name: 'stores', dependencies: ['metrics'] },
)
