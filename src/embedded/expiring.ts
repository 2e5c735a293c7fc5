import type { Environment } from './environment.js'

type Key = [owner: string, id: string]

/** How many expired entries one sweep removes at most, so that it never holds up a request for long. */
const sweepMax = 1_000

/**
 * A table whose entries end at a time of their own. What is past its end is as if it were not there; a
 * sweep takes it away for good, found through an index by end. `put`, `remove` and `sweep` belong inside a
 * transaction.
 */
export const openExpiring = <Value>(
  environment: Environment,
  name: string,
  clock: () => number,
) => {
  const entries = environment.table<{ value: Value; end: number }, Key>(name)
  const ends = environment.table<true, [end: number, ...Key]>(`${name}-ends`)

  const remove = (key: Key): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    ends.remove([entry.end, ...key])
    entries.remove(key)
  }

  return {
    get: (key: Key): Value | undefined => {
      const entry = entries.get(key)
      return entry !== undefined && entry.end > clock() ? entry.value : undefined
    },
    /** The live ones of an owner, by id. */
    list: (owner: string): Value[] => {
      const now = clock()
      const found: Value[] = []
      for (const { value } of entries.getRange({ start: [owner, ''], end: [owner, '\uffff'] })) {
        if (value.end > now) found.push(value.value)
      }
      return found
    },
    put: (key: Key, value: Value, end: number): void => {
      remove(key)
      entries.put(key, { value, end })
      ends.put([end, ...key], true)
    },
    remove,
    removeAll: (owner: string): void => {
      const keys = [...entries.getKeys({ start: [owner, ''], end: [owner, '\uffff'] })]
      for (const key of keys) remove(key)
    },
    sweep: (): void => {
      const due = [...ends.getKeys({ end: [clock(), '', ''], limit: sweepMax })]
      for (const [, owner, id] of due) remove([owner, id])
    },
  }
}

export type ExpiringTable<Value> = ReturnType<typeof openExpiring<Value>>
