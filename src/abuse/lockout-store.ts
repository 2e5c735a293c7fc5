/** Whom a password check is about. */
export interface LockoutSubject {
  /** The normalised email, whether an account has it or not. */
  email: string
  /** An address's network, or a known device. */
  source: string
  /** Whether the source is a device that has signed in to this account before. */
  isKnownDevice: boolean
}

/** At so many failures the pair is locked for so long. */
export interface LockoutTier {
  failures: number
  lockMs: number
}

/** How failed password checks lock. */
export interface LockoutRules {
  /** In rising order of failures; at least one. */
  tiers: LockoutTier[]
  /** Failures on one email from everywhere within a day, past which only known devices get through. */
  accountMax: number
}

/** What is said to whoever asks to check a password; `remainingMs` until a lock ends. */
export type Reservation =
  /** The check may run, and has to be settled. */
  | { outcome: 'go' }
  /** As many checks are under way as could fail before the next lock: ask again when one is settled. */
  | { outcome: 'wait' }
  | { outcome: 'locked'; remainingMs: number }

/**
 * Counts failed password checks by email and source. Each method is one atomic step by the store's clock,
 * and throws `StoreUnavailable` when the store can't be reached in time: guesses then fail closed.
 */
export interface LockoutStore {
  /**
   * Asks to run one password check. Checks under way are counted as if they failed, so that parallel
   * guesses can't get more checks than guesses in turn would.
   */
  reserve: (subject: LockoutSubject, id: string, rules: LockoutRules) => Promise<Reservation>

  /**
   * Settles a reservation, once. 'failed' counts, even if the reservation has lapsed meanwhile; 'succeeded'
   * forgets the source's count; 'void' does neither. Answers for how long the source is locked, 0 if it is not.
   */
  settle: (
    subject: LockoutSubject,
    id: string,
    result: 'failed' | 'succeeded' | 'void',
    rules: LockoutRules,
  ) => Promise<number>

  /** Forgets everything of an email: locks, counts, also the account-wide one. */
  clear: (email: string) => Promise<void>
}
