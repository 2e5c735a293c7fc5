import { createHash } from 'node:crypto'
import { networkOf } from '../abuse/address.js'
import type { AttemptLimit } from '../abuse/attempt-store.js'
import type { ExactCount } from '../abuse/exact-count.js'
import { PasswordResetLimitExceeded } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'

export interface MailLimitDeps {
  count: ExactCount
  limit: AttemptLimit
  emit: Emit
}

/**
 * Limits the mails that people ask for, by what they ask for: exactly, by address and by email, whether that
 * has an account or not. Throws `PasswordResetLimitExceeded`, `Overloaded`, `StoreUnavailable`.
 */
export const createMailLimit =
  ({ count, limit, emit }: MailLimitDeps) =>
  async (what: 'reset' | 'verify', email: string, origin: Origin): Promise<void> => {
    // Hashed: keys turn up in logs and tools.
    const receiver = createHash('sha256').update(email).digest('base64url')
    const keys = [`${what}:from:${networkOf(origin.ip)}`, `${what}:for:${receiver}`]
    const counted = await count(keys, limit)
    if (counted.outcome === 'go') return
    emit('rate_limit.exceeded', origin, { reason: what })
    const reset = Math.max(1, Math.ceil(counted.resetMs / 1000))
    throw new PasswordResetLimitExceeded({ retryAfter: reset, limit: { max: limit.max, reset } })
  }

export type MailLimit = ReturnType<typeof createMailLimit>
