import { createHash } from 'node:crypto'

/** 126 bits: nobody finds another email of the same, and keys of up to 30 characters take the least memory. */
const hashed = (email: string) =>
  createHash('sha256').update(email).digest('base64url').slice(0, 21)

/**
 * Every key, in one place. What belongs to one account shares a hash tag, so that a script may touch all
 * of it in a Cluster. The prefix goes in front of everything.
 */
export const createKeys = (prefix: string) => ({
  /** Hash: the account. No TTL. */
  account: (userId: string) => `${prefix}u{${userId}}`,
  /** Hash of sid to session, and of what these were started from. Lives as long as the longest of them. */
  sessions: (userId: string) => `${prefix}u{${userId}}:s`,
  /** Hash: the account's one-time tokens. Lives as long as the longest of them. */
  once: (userId: string) => `${prefix}u{${userId}}:once`,
  /** String: the id of the account with this email, which is hashed: keys turn up in logs and tools. */
  email: (email: string) => `${prefix}email:${hashed(email)}`,
  /** Hash: failed password checks on an email, by source and hour. Lapses with what is in it. */
  lockout: (email: string) => `${prefix}lock:${hashed(email)}`,
  /** String: limited attempts. Lapses with its window. */
  attempts: (key: string) => `${prefix}attempts:${key}`,
  /** String: how many requests. Lapses with its window. */
  count: (key: string) => `${prefix}count:${key}`,
  /** Hash of instance to what a client did there. Lapses after a minute. */
  activity: (client: string) => `${prefix}activity:${client}`,
  /** Stream: word to all instances of what is near a limit. Lapses a minute after the last. */
  news: (topic: 'counts' | 'activity') => `${prefix}news:${topic}`,
  /** Sorted set of blocked clients by the end of their block. Lapses after the last. */
  blocks: `${prefix}blocks`,
  /** String: what the store tells of its format, as JSON. No TTL. */
  format: `${prefix}format`,
  /** Hash of id to mail that waits to be sent. Lapses two days after the last was added. */
  mails: `${prefix}{mail}:jobs`,
  /** Sorted set of the ids of these by when they are due. Lapses alike. */
  mailsDue: `${prefix}{mail}:due`,
  /** String: written to see whether the store takes writes. Lapses within a second. */
  ping: `${prefix}ping`,
  /** Stream: the newest security events. Capped instead of a TTL. */
  events: `${prefix}events`,
  /** Sorted set of all accounts' places in the list, which sort as text. */
  users: `${prefix}users`,
  /** Hash: who are the active admins, and who were of late. */
  admins: `${prefix}admins`,
  /** Publish/subscribe channel: what instances have to forget. */
  invalidate: `${prefix}invalidate`,
})

export type Keys = ReturnType<typeof createKeys>
