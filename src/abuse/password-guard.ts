import { AccountLocked, Overloaded } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import { randomId } from '../ids.js'
import type { Verdict } from '../passwords/hasher.js'
import { createLines } from './lines.js'
import type { LockoutRules, LockoutStore, LockoutSubject } from './lockout-store.js'

/** Whose password is checked; `userId` only where the email has an account. */
export interface CheckSubject extends LockoutSubject {
  userId?: string
}

/**
 * Every check of a password goes through this. A locked pair of email and source is refused before any
 * work; checks beyond what could still fail before the next lock wait for the others, so that parallel
 * guesses gain nothing and parallel right passwords all get in. Throws `AccountLocked`, `Overloaded` (too
 * long a wait), `StoreUnavailable`, and whatever `check` throws, which then does not count.
 */
export type PasswordGuard = (
  subject: CheckSubject,
  origin: Origin,
  check: () => Promise<Verdict>,
) => Promise<Verdict>

/** The answer for a pair that is locked for so long, in milliseconds. */
const locked = (remainingMs: number) =>
  new AccountLocked({
    retryAfter: Math.ceil(remainingMs / 1000),
    extras: { lockDurationMinutes: Math.ceil(remainingMs / 60_000) },
  })

/** `emit` is told of failures and of locks that begin. */
export const createPasswordGuard = (deps: {
  lockout: LockoutStore
  rules: LockoutRules
  emit: Emit
}): PasswordGuard => {
  const { lockout, rules, emit } = deps
  const lines = createLines()

  return async (subject, origin, check) => {
    const details = subject.userId === undefined ? {} : { userId: subject.userId }
    const pair = `${subject.source} ${subject.email}`
    const id = randomId()
    const reservation = await lines.untilFree(pair, () => lockout.reserve(subject, id, rules))
    if (reservation.outcome === 'wait') throw new Overloaded()
    if (reservation.outcome === 'locked') {
      emit('login.locked', origin, { ...details, reason: 'locked' })
      throw locked(reservation.remainingMs)
    }

    let verdict: Verdict
    try {
      verdict = await check()
    } catch (error) {
      // It lapses by itself if this fails too.
      await lockout.settle(subject, id, 'void', rules).catch(() => {})
      lines.freed(pair)
      throw error
    }
    const isRight = verdict !== 'mismatch'
    // A verdict that could not be counted is not told: the guess would be free.
    const lockMs = await lockout.settle(subject, id, isRight ? 'succeeded' : 'failed', rules)
    lines.freed(pair)
    if (!isRight && lockMs > 0) emit('login.locked', origin, { ...details, reason: 'tier_reached' })
    return verdict
  }
}
