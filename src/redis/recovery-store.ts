import { lives, type RecoveryStore, voidMs } from '../accounts/recovery-store.js'
import { StoreUnavailable } from '../errors.js'
import type { Announcer } from '../sessions/invalidation.js'
import { readAccount, readPairs, splitHash } from './account-record.js'
import { claimMs, createEmailIndex } from './email-index.js'
import type { Keys } from './keys.js'
import { type Client, script } from './script.js'

type Begun = ['begun', from: string, to: string] | ['invalid']

/** The one-time tokens in Redis: one hash an account, in its slot. */
export const createRecoveryStore = (
  client: Client,
  keys: Keys,
  { announced }: Announcer,
): RecoveryStore => {
  const keepToken = script<'kept' | 'outdated'>(client, 'keep-token')
  const findToken = script<string[] | null>(client, 'find-token')
  const verifyEmail = script<'verified' | 'invalid'>(client, 'verify-email')
  const resetPassword = script<'reset' | 'invalid'>(client, 'reset-password')
  const beginMove = script<Begun>(client, 'begin-move')
  const finishMove = script<'moved' | 'invalid' | 'lapsed'>(client, 'finish-move')
  const emails = createEmailIndex(client, keys)
  const slot = (userId: string) => [keys.account(userId), keys.once(userId)]

  return {
    keep: (userId, { purpose, hash, email, newEmail = '', askedAt }) =>
      keepToken(slot(userId), [purpose, hash, email, newEmail, askedAt, lives[purpose]]),

    async find(userId, purpose, hash) {
      const fields = await findToken(slot(userId), [purpose, hash])
      return fields === null ? undefined : readAccount(userId, readPairs(fields))
    },

    verifyEmail: (userId, hash) =>
      announced({ userId }, verifyEmail(slot(userId), [hash, keys.invalidate, userId])),

    resetPassword(userId, hash, passwordHash) {
      const args = [hash, ...splitHash(passwordHash), keys.invalidate, userId, voidMs]
      const slot = [keys.account(userId), keys.sessions(userId), keys.once(userId)]
      return announced({ userId }, resetPassword(slot, args))
    },

    // The new email, the account and the old email lie in three slots of a Cluster, so no single script can
    // write them. The new email leads to the account before that bears it, so that the account can be found
    // at every moment; meanwhile the account is marked, so that nobody takes the email for one to be had.
    async changeEmail(userId, hash) {
      const [outcome, from = '', to = ''] = await beginMove(slot(userId), [hash, claimMs])
      if (outcome === 'invalid') return { outcome }
      if ((await emails.obtain(to, userId)) === 'email_taken') return { outcome: 'invalid' }
      const args = [hash, keys.invalidate, userId, voidMs]
      const moved = await announced({ userId }, finishMove(slot(userId), args))
      if (moved === 'lapsed') throw new StoreUnavailable()
      if (moved === 'invalid') return { outcome: moved }
      // What a crash leaves of it leads to an account that does not bear it any more.
      await emails.release(from, userId).catch(() => {})
      return { outcome: 'changed', from, to }
    },
  }
}
