import type { Test } from 'tap'

/**
 * Whoever imports this module gets a clock that can be put forward: tokens, sessions of the embedded
 * store and cookies then end without anybody waiting. A Redis keeps its own time.
 */
const system = Date.now
let ahead = 0
Date.now = () => system() + ahead

/** Lets this many milliseconds pass at once, until the end of the test. */
export const elapse = (t: Pick<Test, 'teardown'>, milliseconds: number): void => {
  ahead += milliseconds
  t.teardown(() => {
    ahead -= milliseconds
  })
}
