import type { Account } from './account.js'

/** What a one-time token is good for. */
export type Purpose = 'verify_email' | 'reset_password' | 'change_email'

/** How long a token of each purpose is good, in milliseconds. */
export const lives: Record<Purpose, number> = {
  verify_email: 24 * 60 * 60_000,
  reset_password: 60 * 60_000,
  change_email: 24 * 60 * 60_000,
}

/**
 * How long it is remembered that an account's older tokens are void, in milliseconds: longer than a mail may
 * wait that was asked for before.
 */
export const voidMs = 25 * 60 * 60_000

/** A one-time token as it is kept: the text itself is in no store. */
export interface OneTimeToken {
  purpose: Purpose
  /** SHA-256 of its text. */
  hash: string
  /** The email that the account has; with another one the token is void. */
  email: string
  /** The email that it is to have, where that is the purpose. */
  newEmail?: string
  /** When it was asked for, by the store's clock. */
  askedAt: number
}

/**
 * One-time tokens and what they are used up for. An account has one token of each purpose at most, and none
 * that was asked for before its password or its email last changed. Each method is one atomic step but
 * `changeEmail`, which looks like one; by the store's clock. All throw `StoreUnavailable` when the store
 * can't be reached in time: the outcome is then unknown, and calling again does no harm.
 */
export interface RecoveryStore {
  /**
   * Keeps a token in place of the one before; kept again, it lives for longer. Answers 'outdated' and keeps
   * nothing where the account is gone or has another email, where a newer one was asked for, or where
   * password or email have changed since it was asked for.
   */
  keep: (userId: string, token: OneTimeToken) => Promise<'kept' | 'outdated'>

  /** The account that has this live token. */
  find: (userId: string, purpose: Purpose, hash: string) => Promise<Account | undefined>

  /** Uses a token up, marks the email verified and announces that. One of any number of calls succeeds. */
  verifyEmail: (userId: string, hash: string) => Promise<'verified' | 'invalid'>

  /**
   * Uses a token up, sets the password, marks the email verified (its mailbox was proved), ends all
   * sessions, makes all other one-time tokens void and announces that. An inactive account stays so. One of any number of
   * calls succeeds.
   */
  resetPassword: (
    userId: string,
    hash: string,
    passwordHash: string,
  ) => Promise<'reset' | 'invalid'>

  /**
   * Uses a token up, gives the account its new email, verified, makes all other one-time tokens void and announces that.
   * Answers 'invalid' and changes nothing where somebody else has the email by now, or the account is
   * inactive. One of any number of calls succeeds. Cut short at whatever point, the account can be found by
   * the email that it bears, and the other one is free within 10 s.
   */
  changeEmail: (
    userId: string,
    hash: string,
  ) => Promise<{ outcome: 'changed'; from: string; to: string } | { outcome: 'invalid' }>
}
