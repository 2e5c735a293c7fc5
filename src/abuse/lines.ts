/** How often a place is asked for, and for how long at most, in milliseconds. */
const pollMs = 25
const patienceMs = 5_000

type Turn = { resolve: () => void; reject: (failure: unknown) => void }

/** Those who want a place at the same thing. The first one asks; the others stand behind it. */
interface Line {
  behind: Turn[]
  /** Set while the first one pauses: makes it ask at once. */
  wake: (() => void) | undefined
  /** Whether a place became free since the first one last asked. */
  isFreed: boolean
}

/**
 * Waiting for a place that the store gives and other instances free too, which tell nobody: it has to be
 * asked for again and again. Where nobody waits, everybody asks for themselves, so that those of one address
 * are no slower than those of many. Once there is a line only the first in it asks, so that a flood of three
 * hundred costs the store little more than one, and they are served in the order in which they came.
 */
export const createLines = () => {
  const lines = new Map<string, Line>()

  const pause = (line: Line): Promise<void> =>
    new Promise((resolve) => {
      // Spread, so that instances which wait together do not ask together.
      const timer = setTimeout(resolve, pollMs * (0.5 + Math.random()))
      line.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  /** The line, with the caller at its front. Rejects if whoever was in front could not reach the store. */
  const enter = async (key: string): Promise<Line> => {
    const line = lines.get(key)
    if (line !== undefined) {
      await new Promise<void>((resolve, reject) => line.behind.push({ resolve, reject }))
      return line
    }
    const first: Line = { behind: [], wake: undefined, isFreed: false }
    lines.set(key, first)
    return first
  }

  const leave = (key: string, line: Line): void => {
    const next = line.behind.shift()
    if (next === undefined) lines.delete(key)
    else next.resolve()
  }

  return {
    /**
     * Asks again while the answer is 'wait'. The last answer is 'wait' only if that went on for the whole
     * patience. What `ask` throws, all who stand in line are told: the store is away for each of them.
     */
    untilFree: async <Answer extends { outcome: string }>(
      key: string,
      ask: () => Promise<Answer>,
    ): Promise<Answer> => {
      const deadline = performance.now() + patienceMs
      if (!lines.has(key)) {
        const answer = await ask()
        if (answer.outcome !== 'wait') return answer
      }
      const line = await enter(key)
      try {
        for (;;) {
          line.isFreed = false
          const answer = await ask()
          if (answer.outcome !== 'wait' || performance.now() >= deadline) return answer
          if (!line.isFreed) await pause(line)
          line.wake = undefined
        }
      } catch (error) {
        for (const { reject } of line.behind.splice(0)) reject(error)
        throw error
      } finally {
        leave(key, line)
      }
    },
    /** A place has become free here: the first in line asks at once. */
    freed: (key: string): void => {
      const line = lines.get(key)
      if (line === undefined) return
      line.isFreed = true
      line.wake?.()
    },
  }
}
