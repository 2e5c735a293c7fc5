/** Numbers that look random and are the same at every run (mulberry32). */
export const createRandom = (/** @type {number} */ seed) => {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    /** A whole number of this range, both ends included. */
    between: (/** @type {number} */ least, /** @type {number} */ most) =>
      least + Math.floor(next() * (most - least + 1)),
    /** Whether something of this probability happens. */
    chance: (/** @type {number} */ share) => next() < share,
    /** One of a list. */
    pick: (/** @type {readonly any[]} */ list) => list[Math.floor(next() * list.length)],
  }
}

/** @typedef {ReturnType<typeof createRandom>} Random */
