import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { type Database, open } from 'lmdb'
import { GatehouseError, StoreUnavailable } from '../errors.js'
import { StoreLocked } from '../stores.js'

/** One LMDB environment, and the only way to write to it. */
export interface Environment {
  /** A named table in it. */
  table: <Value, Key extends string | (string | number)[]>(name: string) => Database<Value, Key>
  /**
   * Runs `work` alone: what it reads and writes through the tables is one atomic step. Resolves with its
   * result once that is flushed to the disk. Rejects with `StoreUnavailable` when it can't be.
   */
  transaction: <Result>(work: () => Result) => Promise<Result>
  close: () => Promise<void>
}

/** Opens, or makes, the store in `folder`. Throws `StoreLocked` when another process has it. */
export const openEnvironment = (folder: string): Environment => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // The kernel lets go of the lock when the process ends, however it ends.
  const lock = openSync(join(folder, 'lock'), 'a+', 0o600)
  if (!tryLock(lock)) {
    closeSync(lock)
    throw new StoreLocked(folder)
  }
  const root = open({
    path: join(folder, 'data.mdb'),
    // Commits then resolve only when they are on the disk (fdatasync), not merely visible.
    overlappingSync: false,
    maxDbs: 32,
  })

  return {
    table: <Value, Key extends string | (string | number)[]>(name: string) =>
      root.openDB<Value, Key>({ name }),
    transaction: async (work) => {
      try {
        return await root.transaction(work)
      } catch (error) {
        throw error instanceof GatehouseError ? error : new StoreUnavailable({ cause: error })
      }
    },
    close: async () => {
      await root.close()
      closeSync(lock)
    },
  }
}
