import type { Account } from './account.js'
import type { AccountPage, AccountQuery } from './account-list.js'

/** What of an account can be changed by its owner or an admin, without a proof of its own. */
export type AccountChange = Partial<Pick<Account, 'name' | 'role' | 'isActive'>>

/** What a change came to, with the account as it was and as it is. */
export type Changed =
  | { outcome: 'changed' | 'unchanged'; before: Account; account: Account }
  | { outcome: 'missing' | 'last_admin' }

/** What a removal came to, with the account as it was. */
export type Removed =
  | { outcome: 'removed'; account: Account }
  | { outcome: 'missing' | 'last_admin' }

/**
 * Where accounts live. Whatever a method has answered is durable; each is atomic. Every method throws
 * `StoreUnavailable` when the store can't be reached in time: the outcome is then unknown, and none of
 * them does harm when it is called again.
 *
 * The last active admin stays one: what would make an admin inactive, a user or nobody answers 'last_admin'
 * and does nothing unless another active admin is left, however many such calls are made at once. A process
 * that dies in the midst of one errs to that side, until the admin it was about is listed or changed again.
 */
export interface AccountStore {
  /**
   * Adds an account and claims its email in one step as seen from outside: of any number of parallel
   * calls with one email exactly one answers 'created'. A crash in between leaves nothing that blocks
   * the email for longer than the claim's life (10 s). Answers 'id_taken' where another account has the id,
   * which only an id from elsewhere can come to, and leaves that one alone.
   */
  create: (account: Account) => Promise<'created' | 'email_taken' | 'id_taken'>

  /** The account with this normalised email, if it bears that still. */
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

  /**
   * Changes what `change` names and announces the account, in one step; one that becomes inactive loses its
   * sessions in the same step. Answers 'unchanged' where all of it is so already, 'missing' for an unknown id.
   */
  change: (userId: string, change: AccountChange) => Promise<Changed>

  /**
   * Removes an account with its sessions and one-time tokens and announces that, in one step; then its email
   * is free. Answers 'missing' for an unknown id.
   */
  remove: (userId: string) => Promise<Removed>

  /**
   * Reads a page of accounts, the newest first, at the same cost wherever in the list. Throws
   * `ValidationFailed` for a cursor that no page ended with.
   */
  list: (query: AccountQuery) => Promise<AccountPage>
}
