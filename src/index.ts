/** What `import … from 'gatehouse'` offers. */

export type { Role } from './accounts/account.js'
export { type GatehouseOptions, gatehouse, type RequestUser } from './app.js'
export {
  ConfigError,
  type Environment,
  type LoadOptions,
  loadConfig,
  readEnvironment,
} from './config/load.js'
export type { Config } from './config/schema.js'
export type { Identity } from './sessions/identity.js'
