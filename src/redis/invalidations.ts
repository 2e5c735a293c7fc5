import type { Announcer, Invalidation, Invalidations } from '../sessions/invalidation.js'
import type { Master } from './connection.js'
import { createLine, type Line } from './line.js'

/** How often every line is proved, in milliseconds. */
const beatEvery = 500

/** The messages: `<userId>` for an account, `<userId> <sid>` for a session, `<userId> *` where nothing ends. */
const parse = (message: string): Invalidation => {
  const [userId = '', sid] = message.split(' ')
  if (sid === '*') return { userId, endsNothing: true }
  return sid === undefined ? { userId } : { userId, sid }
}

/**
 * The channel over Redis' publish/subscribe: a line to every server that publishes, which is one, or the
 * masters of a Cluster (`masters` tells the present ones). It is proved while all of them are.
 */
export const createInvalidations = (
  masters: () => Master[],
  channel: string,
  announcer: Announcer,
): Invalidations & { close: () => void } => {
  const lines = new Map<string, Line>()
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
    const present = new Map(masters().map((master) => [master.name, master]))
    for (const [name, master] of present) {
      if (lines.has(name)) continue
      // What a new master has published so far went unheard.
      lose()
      lines.set(name, createLine(master, channel, events))
    }
    for (const [name, line] of lines) {
      if (present.has(name)) continue
      line.close()
      lines.delete(name)
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
