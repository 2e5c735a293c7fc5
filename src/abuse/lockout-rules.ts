import type { LockoutRules, LockoutSubject, Reservation } from './lockout-store.js'

/** What is remembered of one source (an address, or a known device) that failed on one email. */
export interface SourceRecord {
  failures: number
  /** Locked until then. Times are milliseconds of the store's clock. */
  lockedUntil: number
  /** When the count is forgotten. */
  forgetAt: number
}

/** What is remembered of one email. */
export interface LockoutRecord {
  sources: Record<string, SourceRecord>
  /** Failures by hour since 1970. */
  hours: Record<number, number>
  /** Password checks under way, by reservation. */
  held: Record<string, { source: string; lapses: number }>
}

/** How long after the last failure, or the end of a lock, a count lives on. */
export const memoryMs = 60 * 60_000
/** How long a reservation takes its place if it is never settled, because its instance died. */
export const holdMs = 10_000
const hourMs = 60 * 60_000
/**
 * Failures on an account count for a day, in buckets of an hour. With the present one these are 25, or the
 * first minutes of an hour would forget what is less than a day old: so they count for up to an hour more.
 */
export const buckets = 25

const nothing: SourceRecord = { failures: 0, lockedUntil: 0, forgetAt: 0 }

/** The record as it is now, without what is forgotten. Undefined stands for an email that is not known. */
export const currentLockout = (record: LockoutRecord | undefined, now: number): LockoutRecord => {
  const keep = <Value>(
    all: Record<string, Value> = {},
    isLive: (value: Value, key: string) => boolean,
  ) => Object.fromEntries(Object.entries(all).filter(([key, value]) => isLive(value, key)))
  const oldest = Math.floor(now / hourMs) - buckets
  return {
    sources: keep(record?.sources, ({ forgetAt }) => forgetAt > now),
    hours: keep(record?.hours, (_, hour) => Number(hour) > oldest),
    held: keep(record?.held, ({ lapses }) => lapses > now),
  }
}

/** When all of it is forgotten; 0 if there is nothing to remember. */
export const forgetLockoutAt = ({ sources, hours, held }: LockoutRecord): number =>
  Math.max(
    0,
    ...Object.values(sources).map(({ forgetAt }) => forgetAt),
    ...Object.keys(hours).map((hour) => (Number(hour) + buckets) * hourMs),
    ...Object.values(held).map(({ lapses }) => lapses),
  )

const accountFailures = ({ hours }: LockoutRecord): number =>
  Object.values(hours).reduce((sum, count) => sum + count, 0)

/** How long the account-wide failures stay at or above `max`; 0 if they are below. */
const accountLock = (record: LockoutRecord, max: number, now: number): number => {
  let total = accountFailures(record)
  if (total < max) return 0
  // Integer keys come in rising order: the oldest hour is forgotten first.
  for (const [hour, count] of Object.entries(record.hours)) {
    total -= count
    if (total < max) return (Number(hour) + buckets) * hourMs - now
  }
  return 0
}

/** How many checks may run at once, so that failing all of them just reaches the next tier. */
const allowance = ({ tiers }: LockoutRules, failures: number): number => {
  const next = tiers.find((tier) => tier.failures > failures)
  return next === undefined ? 1 : next.failures - failures
}

/** How long the failure that makes `failures` locks: at a tier its time, past the last one that again. */
export const lockAt = ({ tiers }: LockoutRules, failures: number): number => {
  const last = tiers.at(-1)
  if (last !== undefined && failures > last.failures) return last.lockMs
  return tiers.find((tier) => tier.failures === failures)?.lockMs ?? 0
}

/**
 * Whether a check may run, by a record as `currentLockout` makes it, and the record afterwards. Checks under
 * way are counted as if they failed: parallel guesses get no more than guesses in turn would.
 */
export const reserveCheck = (
  record: LockoutRecord,
  { source, isKnownDevice }: Pick<LockoutSubject, 'source' | 'isKnownDevice'>,
  id: string,
  rules: LockoutRules,
  now: number,
): [Reservation, LockoutRecord] => {
  const { failures, lockedUntil } = record.sources[source] ?? nothing
  const everywhere = isKnownDevice ? 0 : accountLock(record, rules.accountMax, now)
  const remainingMs = Math.max(everywhere, lockedUntil - now)
  if (remainingMs > 0) return [{ outcome: 'locked', remainingMs }, record]

  const held = Object.values(record.held)
  const own = held.filter((check) => check.source === source)
  const isFull =
    own.length >= allowance(rules, failures) ||
    (!isKnownDevice && accountFailures(record) + held.length >= rules.accountMax)
  if (isFull) return [{ outcome: 'wait' }, record]
  const holds = { ...record.held, [id]: { source, lapses: now + holdMs } }
  return [{ outcome: 'go' }, { ...record, held: holds }]
}

/** The record after a check. A failure counts even if its reservation has lapsed: a slow guess is a guess. */
export const settleCheck = (
  record: LockoutRecord,
  source: string,
  id: string,
  result: 'failed' | 'succeeded' | 'void',
  rules: LockoutRules,
  now: number,
): LockoutRecord => {
  const { [id]: _settled, ...held } = record.held
  if (result === 'void') return { ...record, held }
  if (result === 'succeeded') {
    const { [source]: _forgotten, ...sources } = record.sources
    return { ...record, sources, held }
  }
  const known = record.sources[source] ?? nothing
  const failures = known.failures + 1
  const lockedUntil = Math.max(known.lockedUntil, now + lockAt(rules, failures))
  const hour = Math.floor(now / hourMs)
  return {
    sources: {
      ...record.sources,
      [source]: { failures, lockedUntil, forgetAt: lockedUntil + memoryMs },
    },
    hours: { ...record.hours, [hour]: (record.hours[hour] ?? 0) + 1 },
    held,
  }
}
