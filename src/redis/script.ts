import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Cluster, Redis } from 'ioredis'
import { storeFailure } from './failures.js'

export type Client = Redis | Cluster

/**
 * A caller for `lua/<name>.lua`. Sends the script's digest, and the script itself only where the server
 * does not know it: its cache is empty after a restart or failover. A script that was not known did not
 * run, so sending it again is safe. Rejects with `StoreUnavailable` when the store fails.
 */
export const script = <Reply>(client: Client, name: string) => {
  const source = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
  const digest = createHash('sha1').update(source).digest('hex')

  return async (keys: string[], args: (string | number)[] = []): Promise<Reply> => {
    const rest = [keys.length, ...keys, ...args] as const
    // The header of each script fixes the form of its reply; ioredis can only call it unknown.
    try {
      return (await client.evalsha(digest, ...rest)) as Reply
    } catch (error) {
      if (!isUnknownScript(error)) throw storeFailure(error)
    }
    return command(client.eval(source, ...rest) as Promise<Reply>)
  }
}

const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT')

/** Runs one plain command with the same failures as a script. */
export const command = async <Reply>(reply: Promise<Reply>): Promise<Reply> => {
  try {
    return await reply
  } catch (error) {
    throw storeFailure(error)
  }
}
