import type { Account } from '../accounts/account.js'
import type { Device, Session } from './session.js'

/** A session and the account it belongs to, read in one step. */
export interface SessionAndAccount {
  account: Account
  session: Session
}

/** What a rotation decided; see `SessionStore.rotate`. */
export type Rotation =
  /** `now` is the store's clock. */
  | ({ outcome: 'rotated' | 'repeated'; now: number } & SessionAndAccount)
  | { outcome: 'reused' | 'stale' | 'missing' | 'account_gone' }

/**
 * Where sessions live. Whatever a method has answered is durable; each is one atomic step, decided by the
 * store's own clock. Every method throws `StoreUnavailable` when the store can't be reached in time: the
 * outcome is then unknown, and calling again does no harm. Sessions past their idle or absolute end are
 * missing to every method.
 */
export interface SessionStore {
  /**
   * Starts a session at generation 1, notes the sign-in on the account and announces that, as something that
   * ends nothing unless, past `cap` sessions, the oldest of the account end. Answers 'account_changed' and starts nothing when the account is gone or inactive,
   * or its password is not of `passwordVersion` any more: a sign-in can't outrun a password change.
   */
  start: (start: {
    userId: string
    sid: string
    passwordVersion: number
    device: Device
    idle: number
    absolute: number
    cap: number
  }) => Promise<{ account: Account; session: Session } | 'account_changed'>

  /**
   * Takes one generation of a session's refresh tokens for its successor:
   * - the present generation, or a later one (which only a store that lost its last writes in a failover
   *   has not heard of): 'rotated', the successor is present;
   * - the one before, at most `grace` after the rotation: 'repeated', the same successor again;
   * - any older one, or one that was never issued (0): 'reused', and the session has ended, announced. With
   *   `punish: false` the answer is 'stale' and the session lives on.
   * An account that is gone or inactive answers 'account_gone', before the session is looked at; an ended
   * or unknown session 'missing': a rotation never brings one back.
   */
  rotate: (rotate: {
    userId: string
    sid: string
    generation: number
    device: Device
    idle: number
    grace: number
    punish: boolean
  }) => Promise<Rotation>

  /** The live session and its active account, in one round trip. */
  find: (userId: string, sid: string) => Promise<SessionAndAccount | undefined>

  /** The live sessions of an account, in any order. */
  list: (userId: string) => Promise<Session[]>

  /** Ends one session; atomic with its announcement to all instances. */
  end: (userId: string, sid: string) => Promise<'ended' | 'missing'>

  /** Ends all sessions of an account, atomic with the announcement; answers how many there were. */
  endAll: (userId: string) => Promise<number>
}
