import type { Redis } from 'ioredis'
import { randomId } from '../ids.js'
import type { Announcer, Invalidation, Invalidations } from '../sessions/invalidation.js'
import { createLine, type Line } from './line.js'

/** How often every line is proved, in milliseconds. */
const beatEvery = 500

/** The messages: `<userId>` for an account, `<userId> <sid>` for a session. */
const parse = (message: string): Invalidation => {
  const [userId = '', sid] = message.split(' ')
  return sid === undefined ? { userId } : { userId, sid }
}

/**
 * The channel over Redis' publish/subscribe: a line to every server that publishes, which is one, or the
 * masters of a Cluster (`publishers` tells the present ones). It is proved while all of them are.
 */
export const createInvalidations = (
  publishers: () => Redis[],
  channel: string,
  announcer: Announcer,
): Invalidations & { close: () => void } => {
  const own = `${channel}:${randomId()}`
  const lines = new Map<Redis, Line>()
  let open = false

  const isProved = () => {
    if (lines.size === 0) return false
    for (const line of lines.values()) if (!line.isProved()) return false
    return true
  }
  const lose = () => {
    if (!open) return
    open = false
    announcer.lost()
  }
  const events = {
    message: (message: string) => announcer.announce(parse(message)),
    lost: lose,
    proved: () => restore(),
  }
  const restore = () => {
    if (open || !isProved()) return
    open = true
    announcer.restored()
  }

  const update = () => {
    const present = new Set(publishers())
    for (const publisher of present) {
      if (lines.has(publisher)) continue
      // What a new master has published so far went unheard.
      lose()
      lines.set(publisher, createLine(publisher, channel, own, events))
    }
    for (const [publisher, line] of lines) {
      if (present.has(publisher)) continue
      line.close()
      lines.delete(publisher)
    }
    // Without a server that is gone, the others may be proof enough.
    restore()
  }

  const timer = setInterval(() => {
    update()
    for (const line of lines.values()) line.beat()
  }, beatEvery)
  timer.unref()
  update()

  return {
    listen: announcer.listen,
    isProved,
    close: () => {
      clearInterval(timer)
      for (const line of lines.values()) line.close()
    },
  }
}
