import {
  currentLockout,
  forgetLockoutAt,
  type LockoutRecord,
  reserveCheck,
  settleCheck,
} from '../abuse/lockout-rules.js'
import type { LockoutStore } from '../abuse/lockout-store.js'
import type { Environment } from './environment.js'
import type { ExpiringTable } from './expiring.js'

/** The failed password checks in LMDB: a record an email, gone when there is nothing to remember. */
export const createLockoutStore = (
  environment: Environment,
  table: ExpiringTable<LockoutRecord>,
  clock: () => number,
): LockoutStore => {
  const read = (email: string, now: number) => currentLockout(table.get([email, '']), now)
  const write = (email: string, record: LockoutRecord) => {
    const end = forgetLockoutAt(record)
    if (end === 0) table.remove([email, ''])
    else table.put([email, ''], record, end)
  }

  return {
    reserve: (subject, id, rules) =>
      environment.transaction(() => {
        const now = clock()
        const [reservation, record] = reserveCheck(
          read(subject.email, now),
          subject,
          id,
          rules,
          now,
        )
        if (reservation.outcome === 'go') write(subject.email, record)
        return reservation
      }),

    settle: ({ email, source }, id, result, rules) =>
      environment.transaction(() => {
        const now = clock()
        const record = settleCheck(read(email, now), source, id, result, rules, now)
        write(email, record)
        return Math.max(0, (record.sources[source]?.lockedUntil ?? 0) - now)
      }),

    clear: (email) => environment.transaction(() => table.remove([email, ''])),
  }
}
