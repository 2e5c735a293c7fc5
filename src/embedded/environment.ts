import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from 'fs-native-extensions'
import { type Database, open } from 'lmdb'
import { ConfigError, errorCode } from '../config/config-error.js'
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
  /** Runs `work`, which only reads. Rejects with `StoreUnavailable` when it can't. */
  read: <Result>(work: () => Result) => Promise<Result>
  close: () => Promise<void>
}

/** What another path or other rights mend, unlike a disk that is full. */
const unusable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR'])

/** Makes the folder and the files in it where they are missing, and takes the lock. */
const takeFolder = (folder: string): { lock: number; path: string } => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    // The kernel lets go of the lock when the process ends, however it ends.
    const lock = openSync(join(folder, 'lock'), 'a+', 0o600)
    if (!tryLock(lock)) {
      closeSync(lock)
      throw new StoreLocked(folder)
    }
    const path = join(folder, 'data.mdb')
    // LMDB would let everybody read it, and the folder may be of somebody else's making.
    closeSync(openSync(path, 'a', 0o600))
    return { lock, path }
  } catch (error) {
    const code = errorCode(error)
    if (!unusable.has(code)) throw error
    throw new ConfigError([
      `EMBEDDED_STORE_PATH must be a folder that can be made and written to; ${folder} can't (${code})`,
    ])
  }
}

/**
 * Opens, or makes, the store in `folder`. Throws `StoreLocked` when another process has it, and `ConfigError`
 * when there can't be one.
 */
export const openEnvironment = (folder: string): Environment => {
  const { lock, path } = takeFolder(folder)
  const root = open({
    path,
    // Commits then resolve only when they are on the disk (fdatasync), not merely visible.
    overlappingSync: false,
    // Batches have promises of their own that nobody can hold: a full disk would reject them unheard, and
    // so end the process.
    eventTurnBatching: false,
    maxDbs: 32,
  })

  return {
    table: <Value, Key extends string | (string | number)[]>(name: string) =>
      root.openDB<Value, Key>({ name }),
    // A child transaction: of a plain one, what was written before `work` threw would stay.
    transaction: (work) => guarded(() => root.childTransaction(work)),
    read: (work) => guarded(work),
    close: async () => {
      try {
        await root.close()
      } finally {
        closeSync(lock)
      }
    },
  }
}

const guarded = async <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatehouseError) throw error
    // LMDB puts a failed commit's reason in a promise, and one that nobody hears ends the process.
    if (error instanceof Error && 'commitError' in error) {
      void Promise.resolve(error.commitError).catch(() => {})
    }
    throw new StoreUnavailable({ cause: error })
  }
}
