/** Word that what an instance knows of a session, or of all sessions of an account, holds no more. */
export interface Invalidation {
  userId: string
  /** Absent: the account itself changed, and with it every session of it. */
  sid?: string
  /** What is known of the account is out of date, but nothing of it has ended: it has signed in once more. */
  endsNothing?: true
}

/** Who hears of invalidations. */
export interface InvalidationListener {
  /** Forget this at once. */
  invalidated: (invalidation: Invalidation) => void
  /** The channel is lost: whatever is known may be wrong from now on. */
  lost: () => void
  /** The channel is proved to work again: what is read from now on may be kept. */
  restored: () => void
}

/**
 * The channel that keeps instances coherent. Every store operation that ends a session or changes an
 * account announces it in the same atomic step, so nothing can be revoked in silence.
 * - In the instance that called the operation, the listener hears of it before the operation resolves,
 *   also when its outcome is unknown.
 * - In every other one, as soon as the message arrives: milliseconds.
 * - A channel that has not been proved to work within `silenceMax` counts as lost, also if nobody has noticed
 *   yet that its connection is dead; see `isProved`.
 */
export interface Invalidations {
  listen: (listener: InvalidationListener) => void
  /** Whether the channel was heard to work less than `silenceMax` ago, asked at the moment of use. */
  isProved: () => boolean
}

/** How long, in milliseconds, the channel may stay silent before it counts as lost. */
export const silenceMax = 2_500

/** How a store tells the listeners of its own instance, without waiting for a message to come round. */
export interface Announcer {
  listen: Invalidations['listen']
  announce: (invalidation: Invalidation) => void
  /**
   * The result of an operation that announces something, after this instance has heard of it: also when the
   * operation failed, since its outcome is then unknown.
   */
  announced: <Result>(invalidation: Invalidation, operation: Promise<Result>) => Promise<Result>
  lost: () => void
  restored: () => void
}

/** Announcements of one instance to its own listeners; an adapter adds those of the others. */
export const createAnnouncer = (): Announcer => {
  const listeners: InvalidationListener[] = []
  const announce = (invalidation: Invalidation) => {
    for (const listener of listeners) listener.invalidated(invalidation)
  }
  return {
    listen: (listener) => {
      listeners.push(listener)
    },
    announce,
    announced: (invalidation, operation) => operation.finally(() => announce(invalidation)),
    lost: () => {
      for (const listener of listeners) listener.lost()
    },
    restored: () => {
      for (const listener of listeners) listener.restored()
    },
  }
}
