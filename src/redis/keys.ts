import { createHash } from 'node:crypto'

/**
 * Every key, in one place. What belongs to one account shares a hash tag, so that a script may touch all
 * of it in a Cluster. The prefix goes in front of everything.
 */
export const createKeys = (prefix: string) => ({
  /** Hash: the account. No TTL. */
  account: (userId: string) => `${prefix}{u:${userId}}`,
  /** Hash of sid to session. Lives as long as the longest of them. */
  sessions: (userId: string) => `${prefix}{u:${userId}}:sessions`,
  /** String: the id of the account with this email, which is hashed: keys turn up in logs and tools. */
  email: (email: string) =>
    `${prefix}email:${createHash('sha256').update(email).digest('base64url')}`,
  /** Sorted set of user ids by creation. */
  users: `${prefix}users`,
  /** Publish/subscribe channel: what instances have to forget. */
  invalidate: `${prefix}invalidate`,
})

export type Keys = ReturnType<typeof createKeys>
