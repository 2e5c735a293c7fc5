import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import type { Stores } from '../../src/stores.js'
import { inShort, second } from '../stores/subject.js'
import { eventually } from '../support/app.js'
import { ownTime } from '../support/own-time.js'

/** The longest that anybody waits for an answer. */
const patience = 2 * second

/** Somebody who refreshes all the time, whatever happens to the store. */
export interface Traffic {
  /** When it failed last, by `ownTime()`; 0 if it never did. */
  readonly failedAt: number
  /** How often it has failed. */
  readonly failures: number
  /** Resolves at the end of an operation that began after now and succeeded; rejects when none does. */
  works: () => Promise<void>
  /** Ends it, and asserts that every answer came in time and was either right or `StoreUnavailable`. */
  end: (t: Test) => Promise<void>
}

/** Signs an account in once more, and keeps refreshing as a browser does: with what it got last. */
export const startTraffic = async (
  t: Pick<Test, 'teardown'>,
  stores: Stores,
  userId: string,
): Promise<Traffic> => {
  const { start, rotate } = inShort(stores)
  const { sid } = await start(userId, { cap: 100 })
  const outcomes = new Set<string>()
  let generation = 1
  let longest = 0
  let failedAt = 0
  let failures = 0
  let worked = 0
  let stopped = false

  const timed = async (operation: () => Promise<unknown>): Promise<void> => {
    const began = ownTime()
    try {
      await operation()
      worked = Math.max(worked, began)
    } catch (error) {
      failures += 1
      failedAt = ownTime()
      outcomes.add(error instanceof StoreUnavailable ? 'unavailable' : String(error))
    }
    longest = Math.max(longest, ownTime() - began)
  }
  const refresh = async () => {
    const rotation = await rotate(userId, sid, generation)
    outcomes.add(rotation.outcome)
    if ('session' in rotation) generation = rotation.session.generation
  }
  const look = async () => {
    if ((await stores.sessions.find(userId, sid)) === undefined) outcomes.add('signed out')
  }
  const run = async (): Promise<void> => {
    while (!stopped) {
      await timed(refresh)
      await timed(look)
      await wait(5)
    }
  }
  const running = run()
  t.teardown(async () => {
    stopped = true
    await running
  })

  return {
    get failedAt() {
      return failedAt
    },
    get failures() {
      return failures
    },
    works: async () => {
      const asked = ownTime()
      await eventually(async () => worked >= asked)
    },
    end: async (t) => {
      stopped = true
      await running
      const wrong = [...outcomes].filter(
        (outcome) => !['rotated', 'repeated', 'unavailable'].includes(outcome),
      )
      t.strictSame(wrong, [], 'it either works or is unavailable')
      t.ok(longest < patience, `answered within ${Math.round(longest)} ms`)
    },
  }
}
