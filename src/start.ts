import cluster from 'node:cluster'
import { pino } from 'pino'
import { announce } from './announce.js'
import { supervise } from './cluster/primary.js'
import { joinFleet } from './cluster/worker.js'
import { ConfigError, loadConfig, readEnvironment } from './config/load.js'
import type { Config } from './config/schema.js'
import { configExit } from './exit-codes.js'
import { closeLogFiles } from './log-file.js'
import { lifeLevel, loggerOptions } from './logger.js'
import { StoreIncompatible } from './store-format.js'
import { StoreLocked } from './stores.js'
import { endWithNpm } from './with-npm.js'

/** What to do about a failure to start, in one line; undefined if it is not the operator's to mend. */
const advice = (error: unknown): string | undefined => {
  if (error instanceof StoreLocked) return error.message
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if (error.code === 'EADDRINUSE') return 'The port is in use: stop what listens there, or set PORT'
  if (error.code === 'EADDRNOTAVAIL') return 'HOST is not an address of this machine'
  if (error.code === 'EACCES') return `Not permitted: ${error.message}`
  return undefined
}

const startPrimary = async (config: Config, hasThreadPool: boolean): Promise<void> => {
  const { stream, ...options } = await loggerOptions(config)
  // All that it says is of starts, stops and deaths.
  const log = pino({ ...options, level: lifeLevel(config) }, stream)
  supervise({
    config,
    hasThreadPool,
    log,
    onReady: (port) => announce(config, port, log),
    exit: (code) => void closeLogFiles().finally(() => process.exit(code)),
  })
}

/**
 * Starts the server as the environment says: one instance, or a primary with its workers. A wrong
 * configuration, and what else an operator can mend, is told in plain lines and ends the process.
 */
export const start = async (): Promise<void> => {
  try {
    const environment = readEnvironment()
    const config = loadConfig(environment)
    const hasThreadPool = 'UV_THREADPOOL_SIZE' in environment
    if (cluster.isPrimary) endWithNpm(environment)
    if (cluster.isPrimary && config.CLUSTER_WORKERS > 1) {
      await startPrimary(config, hasThreadPool)
      return
    }
    // A primary has no use for what serves, nor for the memory that this takes.
    const { startInstance } = await import('./instance.js')
    const membership = cluster.isWorker ? joinFleet() : undefined
    await startInstance(config, { membership, hasThreadPool })
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
}
