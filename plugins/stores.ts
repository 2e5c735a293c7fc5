import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { measureStores } from '../src/measured-stores.js'
import { openStores } from '../src/open-stores.js'
import type { StoreIncompatible } from '../src/store-format.js'
import type { Stores } from '../src/stores.js'
import { logChannel, logStore } from './store-log.js'

declare module 'fastify' {
  interface FastifyInstance {
    stores: Stores
    /** Resolves, if ever, when the store turns out to be of a format that this release must not touch. */
    storeIncompatible: Promise<StoreIncompatible>
  }
}

/** Opens the configured store. A Redis that is away is waited for in the background. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const log = logStore(app.log)
    let incompatible: (error: StoreIncompatible) => void = () => {}
    const found = new Promise<StoreIncompatible>((resolve) => {
      incompatible = (error) => {
        log.incompatible?.(error)
        resolve(error)
      }
    })
    const opened = await openStores(config, {
      ...log,
      incompatible: (error) => incompatible(error),
    })
    const stores = measureStores(opened, (operation) => ({
      ...app.metrics.operation(operation),
      begin: () => app.traceOperation(opened.kind, operation),
    }))
    stores.invalidations.listen(logChannel(app.log))
    app.decorate('stores', stores)
    app.decorate('storeIncompatible', found)
    app.addHook('onClose', () => stores.close())
  },
  { name: 'stores', dependencies: ['metrics', 'tracing'] },
)
