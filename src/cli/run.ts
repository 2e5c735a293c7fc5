import { CommanderError } from 'commander'
import { ConfigError } from '../config/load.js'
import { GatehouseError, StoreUnavailable, ValidationFailed } from '../errors.js'
import { StoreIncompatible } from '../store-format.js'
import { StoreLocked } from '../stores.js'
import { CommandFailure, exitCodes } from './failure.js'
import { note } from './output.js'
import { createProgram } from './program.js'

const storeAway =
  'The store does not answer: check REDIS_URL (or the disk of EMBEDDED_STORE_PATH), and try again'

/** How a command that failed exits, and what it says. */
const explain = (error: unknown): { exitCode: number; lines: readonly string[] } => {
  // Commander has said it already.
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? 0 : exitCodes.usage, lines: [] }
  }
  if (error instanceof ConfigError) {
    return { exitCode: exitCodes.configuration, lines: error.problems }
  }
  if (error instanceof StoreIncompatible) {
    return { exitCode: exitCodes.configuration, lines: [error.message] }
  }
  if (error instanceof CommandFailure) return { exitCode: error.exitCode, lines: [error.message] }
  if (error instanceof StoreLocked) {
    return { exitCode: exitCodes.unavailable, lines: [error.message] }
  }
  if (error instanceof StoreUnavailable) {
    return { exitCode: exitCodes.unavailable, lines: [storeAway] }
  }
  if (error instanceof ValidationFailed) {
    const lines = error.errors.map(({ field, message }) => `${field}: ${message}`)
    return { exitCode: exitCodes.data, lines }
  }
  if (error instanceof GatehouseError) {
    return { exitCode: exitCodes.failure, lines: [error.message] }
  }
  const { message } = error instanceof Error ? error : new Error(String(error))
  return { exitCode: exitCodes.failure, lines: [`This should not have happened: ${message}`] }
}

/** Runs one command line and answers how to exit. It never throws. */
export const run = async (args: readonly string[]): Promise<number> => {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    const { exitCode, lines } = explain(error)
    for (const line of lines) note(line)
    return exitCode
  }
}
