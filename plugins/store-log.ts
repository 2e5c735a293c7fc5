import type { FastifyBaseLogger } from 'fastify'
import type { InvalidationListener } from '../src/sessions/invalidation.js'
import type { StoreEvents } from '../src/stores.js'

/** Tells the operator what becomes of the store's connection. */
export const logStore = (log: FastifyBaseLogger): StoreEvents => ({
  connected: () => log.info('store connected'),
  lost: (err) => log.error({ err }, 'store lost'),
  warning: (message) => log.warn(message),
  incompatible: (error) => log.fatal(error.message),
})

/** And of the channel that the validation cache depends on. */
export const logChannel = (log: FastifyBaseLogger): InvalidationListener => ({
  invalidated: () => {},
  lost: () => log.error('invalidation channel lost, the validation cache is out of use'),
  restored: () => log.info('invalidation channel proved, the validation cache is in use'),
})
