import { type ReleaseFormat, type StoreFormat, settleFormat } from '../store-format.js'
import type { Environment } from './environment.js'

/**
 * Sees that the store is of a format that this release may work with, and notes that it does. Throws
 * `StoreIncompatible`, and lets go of the folder then.
 */
export const claimFormat = (environment: Environment, format: ReleaseFormat): void => {
  const table = environment.table<StoreFormat, string>('format')
  try {
    const settled = settleFormat(table.get('format'), format)
    if (settled === 'as it is') return
    // Commits keep their order: nothing is acknowledged before this. What fails is done at the next start.
    environment.transaction(() => table.put('format', settled)).catch(() => {})
  } catch (error) {
    environment.close().catch(() => {})
    throw error
  }
}
