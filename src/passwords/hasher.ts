import * as argon2 from '@node-rs/argon2'
import {
  type Argon2Cost,
  argon2Work,
  decoyArgon2String,
  FOREIGN_COST_MAX,
  HASH_LENGTH,
  parseArgon2String,
  SALT_LENGTH,
  type StoredHash,
} from './argon2-string.js'
import { readStoredImport } from './imported-hash.js'
import { isWellFormed, normalizePassword } from './policy.js'
import { createPool, type PoolOptions, type PoolStats } from './pool.js'

export interface HasherOptions extends Argon2Cost, PoolOptions {
  /**
   * argon2's secret input, kept apart from the stored hashes (RFC 9106, 3.1). Hashes made with another one, or
   * without, match no password any more.
   */
  pepper?: string | undefined
  /** Told the milliseconds of each hash and verification, the time in the queue left out. Must not throw. */
  onDone?: ((milliseconds: number) => void) | undefined
}

/** `outdated`: the right password, but the hash was made with other parameters and should be renewed. */
export type Verdict = 'match' | 'outdated' | 'mismatch'

/** Hashes and verifies passwords with argon2id, a bounded number at once. */
export interface Hasher {
  /**
   * A PHC string to store.
   *
   * @throws Overloaded where the queue is full.
   * @throws TypeError for a password that is not well-formed; the policy refuses it first.
   */
  hash: (password: string) => Promise<string>
  /**
   * Judges a password by a stored PHC string. `undefined`, for an account that does not exist, takes the same
   * work as a wrong password, and so does a string that is malformed or too costly: all are a mismatch. An
   * imported hash costs what it costs, and its right password is 'outdated'.
   *
   * @throws Overloaded where the queue is full.
   */
  verify: (stored: string | undefined, password: string) => Promise<Verdict>
  stats: () => PoolStats
}

/** Strings may also cost this many times the configured cost: lower it in such steps, or owners are shut out. */
const FOREIGN_COST_FACTOR = 4

const checkCost = ({ memoryKib, timeCost, parallelism }: Argon2Cost): void => {
  const counts = [memoryKib, timeCost, parallelism]
  // The binding reads -1 as 4 TiB, and the process is killed.
  const isPossible = counts.every((value) => Number.isSafeInteger(value) && value >= 1)
  if (!isPossible || parallelism > 255 || memoryKib < 8 * parallelism || memoryKib > 2 ** 32 - 1) {
    throw new RangeError('argon2 needs whole numbers, 1 to 255 lanes and 8 KiB or more for each')
  }
}

/**
 * Makes the hasher of a process; it hashes nothing yet.
 *
 * @throws RangeError where a parameter is out of argon2's or the pool's range.
 */
export const createHasher = (options: HasherOptions): Hasher => {
  checkCost(options)
  const { memoryKib, timeCost, parallelism, pepper, onDone } = options
  const pool = createPool(options)
  const secret = pepper ? { secret: Buffer.from(pepper, 'utf8') } : {}
  const decoy = decoyArgon2String(options)

  const isAffordable = (stored: StoredHash): boolean => {
    const within = (value: number, configured: number, most: number): boolean =>
      value <= Math.max(most, FOREIGN_COST_FACTOR * configured)
    return (
      within(stored.memoryKib, memoryKib, FOREIGN_COST_MAX.memoryKib) &&
      within(stored.timeCost, timeCost, FOREIGN_COST_MAX.timeCost) &&
      within(stored.parallelism, parallelism, FOREIGN_COST_MAX.parallelism) &&
      within(argon2Work(stored), argon2Work(options), FOREIGN_COST_MAX.work)
    )
  }

  const isCurrent = (stored: StoredHash): boolean =>
    stored.memoryKib === memoryKib &&
    stored.timeCost === timeCost &&
    stored.parallelism === parallelism &&
    stored.saltLength === SALT_LENGTH &&
    stored.hashLength === HASH_LENGTH

  const timed = async <Result>(job: () => Promise<Result>): Promise<Result> => {
    const start = performance.now()
    try {
      return await job()
    } finally {
      onDone?.(performance.now() - start)
    }
  }

  /** For the rest of the configured work after a hash from cheaper times; undefined where none is left. */
  const remainder = (stored: StoredHash): string | undefined => {
    const restKib = Math.floor((argon2Work(options) - argon2Work(stored)) / timeCost)
    if (restKib < 8 * parallelism) return undefined
    return decoyArgon2String({ memoryKib: restKib, timeCost, parallelism })
  }

  const judge = async (stored: StoredHash | undefined, password: string): Promise<Verdict> => {
    // The same work where nothing can match: the time must not tell whether the account exists.
    const isRight = await argon2.verify(stored?.text ?? decoy, password, secret)
    if (stored === undefined) return 'mismatch'
    if (isRight) return isCurrent(stored) ? 'match' : 'outdated'
    // Nor may it tell that the account exists since before the cost was raised.
    const rest = remainder(stored)
    if (rest) await argon2.verify(rest, password, secret)
    return 'mismatch'
  }

  return {
    hash: async (password) => {
      if (!isWellFormed(password)) throw new TypeError('The password is not well-formed')
      const normal = normalizePassword(password)
      // The binding's defaults are argon2id, version 19 and a random salt.
      const cost = { memoryCost: memoryKib, timeCost, parallelism, outputLen: HASH_LENGTH }
      return pool.run(() => timed(() => argon2.hash(normal, { ...cost, ...secret })))
    },

    verify: async (stored, password) => {
      const imported = readStoredImport(stored ?? '')
      if (imported !== undefined && isWellFormed(password)) {
        const judgeImported = async () => ((await imported(password)) ? 'outdated' : 'mismatch')
        return pool.run(() => timed(judgeImported))
      }
      const parsed = parseArgon2String(stored ?? '')
      // A password that is not well-formed reaches argon2 as U+FFFD, and might be called right.
      const canMatch = parsed !== undefined && isAffordable(parsed) && isWellFormed(password)
      const normal = normalizePassword(password)
      return pool.run(() => timed(() => judge(canMatch ? parsed : undefined, normal)))
    },

    stats: pool.stats,
  }
}
