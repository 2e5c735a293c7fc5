import type { Account } from './account.js'

/**
 * Where accounts live. Whatever a method has answered is durable; each is atomic. Every method throws
 * `StoreUnavailable` when the store can't be reached in time: the outcome is then unknown, and none of
 * them does harm when it is called again.
 */
export interface AccountStore {
  /**
   * Adds an account and claims its email in one step as seen from outside: of any number of parallel
   * calls with one email exactly one answers 'created'. A crash in between leaves nothing that blocks
   * the email for longer than the claim's life (10 s).
   */
  create: (account: Account) => Promise<'created' | 'email_taken'>

  /** The account with this normalised email. */
  findByEmail: (email: string) => Promise<Account | undefined>

  /** The account with this id. */
  findById: (userId: string) => Promise<Account | undefined>

  /**
   * Swaps a hash for one of the same password with newer parameters. Answers 'changed' and writes nothing
   * when the stored hash is not `from` any more, so that a password changed meanwhile is not undone.
   */
  renewHash: (userId: string, from: string, to: string) => Promise<'renewed' | 'changed'>

  /**
   * Sets a new password, ends all sessions of the account and announces that, in one step. Answers
   * 'account_changed' and does nothing when the account is gone or inactive, or its password is not of
   * `passwordVersion` any more.
   */
  changePassword: (
    userId: string,
    passwordVersion: number,
    hash: string,
  ) => Promise<'changed' | 'account_changed'>
}
