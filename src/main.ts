import { ConfigError, loadConfig, readEnvironment } from './config/load.js'
import { configExit } from './exit-codes.js'
import { startInstance } from './instance.js'
import { StoreIncompatible } from './store-format.js'
import { StoreLocked } from './stores.js'

/** What to do about a failure to start, in one line; undefined if it is not the operator's to mend. */
const advice = (error: unknown): string | undefined => {
  if (error instanceof StoreLocked) return error.message
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if (error.code === 'EADDRINUSE') return 'The port is in use: stop what listens there, or set PORT'
  if (error.code === 'EADDRNOTAVAIL') return 'HOST is not an address of this machine'
  if (error.code === 'EACCES') return `Not permitted: ${error.message}`
  return undefined
}

try {
  await startInstance(loadConfig(readEnvironment()))
} catch (error) {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.problems.join('\n')}\n`)
    process.exit(configExit)
  }
  if (error instanceof StoreIncompatible) {
    process.stderr.write(`${error.message}\n`)
    process.exit(configExit)
  }
  const line = advice(error)
  if (line === undefined) throw error
  process.stderr.write(`${line}\n`)
  process.exit(1)
}
