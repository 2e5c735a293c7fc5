import { type AttemptStore, underWayMax } from '../abuse/attempt-store.js'
import { holdMs } from '../abuse/lockout-rules.js'
import type { Environment } from './environment.js'
import type { ExpiringTable } from './expiring.js'

export interface AttemptRecord {
  count: number
  /** End of the window; 0 before the first attempt that counts. */
  resetAt: number
  /** Attempts under way: reservation and when it lapses by itself. */
  held: Record<string, number>
}

/** The limited attempts in LMDB: a record a key, which lapses with its window. */
export const createAttemptStore = (
  environment: Environment,
  table: ExpiringTable<AttemptRecord>,
  clock: () => number,
): AttemptStore => {
  const read = (key: string, now: number): AttemptRecord => {
    const { count, resetAt, held } = table.get([key, '']) ?? { count: 0, resetAt: 0, held: {} }
    const isOver = resetAt <= now
    return {
      count: isOver ? 0 : count,
      resetAt: isOver ? 0 : resetAt,
      held: Object.fromEntries(Object.entries(held).filter(([, lapses]) => lapses > now)),
    }
  }
  const write = (key: string, record: AttemptRecord) => {
    const end = Math.max(record.resetAt, ...Object.values(record.held))
    if (end === 0) table.remove([key, ''])
    else table.put([key, ''], record, end)
  }

  return {
    reserve: (key, id, { max }) =>
      environment.transaction(() => {
        const now = clock()
        const record = read(key, now)
        if (record.count >= max) return { outcome: 'exceeded', resetMs: record.resetAt - now }
        const underWay = Object.keys(record.held).length
        if (underWay >= Math.min(max - record.count, underWayMax)) return { outcome: 'wait' }
        write(key, { ...record, held: { ...record.held, [id]: now + holdMs } })
        return { outcome: 'go' }
      }),

    settle: (key, id, counts, { windowMs }) =>
      environment.transaction(() => {
        const now = clock()
        const record = read(key, now)
        const { [id]: _settled, ...held } = record.held
        if (!counts) write(key, { ...record, held })
        else
          write(key, { count: record.count + 1, resetAt: record.resetAt || now + windowMs, held })
      }),
  }
}
