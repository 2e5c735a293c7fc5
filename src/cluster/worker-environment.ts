import { join, parse } from 'node:path'
import type { Config } from '../config/schema.js'

/** Threads of Node's pool beside those that hash: for files, names of hosts and the like. */
const spareThreads = 4

/** As many threads as the pool needs, so that hashing never keeps the rest waiting. */
export const threadsFor = ({ HASH_CONCURRENCY }: Pick<Config, 'HASH_CONCURRENCY'>): number =>
  HASH_CONCURRENCY + spareThreads

/** `server.log` as `server.2.log`: a file that is rotated can't have two writers. */
const numbered = (path: string, slot: number): string => {
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}.${slot}${ext}`)
}

/** What a worker's environment has that the primary's has not. */
export const workerEnvironment = (
  config: Config,
  slot: number,
  hasThreadPool: boolean,
): Record<string, string> => {
  const { LOG_FILE: log, SECURITY_LOG_FILE: security } = config
  return {
    ...(log !== undefined && { LOG_FILE: numbered(log, slot) }),
    ...(security !== undefined && { SECURITY_LOG_FILE: numbered(security, slot) }),
    ...(!hasThreadPool && { UV_THREADPOOL_SIZE: String(threadsFor(config)) }),
  }
}
