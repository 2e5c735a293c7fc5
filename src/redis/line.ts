import type { Redis } from 'ioredis'
import { silenceMax } from '../sessions/invalidation.js'

/** How long to wait before a lost subscription is dialled again, in milliseconds. */
const redialAfter = 100
/** Beats on their way; older ones are lost. */
const pendingMax = 16

export interface LineEvents {
  message: (message: string) => void
  lost: () => void
  proved: () => void
}

/** One server's messages; see `createLine`. */
export interface Line {
  /** Sends a beat; the line is lost once none of them has come round for `silenceMax`. */
  beat: () => void
  isProved: () => boolean
  close: () => void
}

/**
 * The way of messages from one server to this instance: what scripts publish over the server's command
 * connection is heard on a connection of its own. That connection alone proves nothing: it may be dead
 * without anybody knowing, or hang on a demoted master. So beats are sent along the same way. Messages
 * arrive in the order in which the server sent them, so a beat that has come round proves that all that was
 * published before it was *sent* has been heard; the proof counts from that moment, however slow the way.
 */
export const createLine = (
  publisher: Redis,
  channel: string,
  ownChannel: string,
  events: LineEvents,
): Line => {
  const pending = new Map<string, number>()
  let round = 0
  let provedAt = Number.NEGATIVE_INFINITY
  let open = false
  let closed = false
  let subscriber: Redis

  const isProved = () => performance.now() - provedAt < silenceMax

  const lose = () => {
    provedAt = Number.NEGATIVE_INFINITY
    pending.clear()
    if (!open) return
    open = false
    events.lost()
  }

  const echo = (beat: string) => {
    const sentAt = pending.get(beat)
    pending.delete(beat)
    if (sentAt === undefined || performance.now() - sentAt >= silenceMax) return
    provedAt = sentAt
    if (open) return
    open = true
    events.proved()
  }

  const beat = () => {
    if (open && !isProved()) {
      lose()
      // Nobody has closed the connection, but nothing comes through it: end it, so that it is dialled anew.
      subscriber.disconnect()
    }
    round += 1
    pending.set(String(round), performance.now())
    pending.delete(String(round - pendingMax))
    // A beat that can't be sent needs no handling: that it never comes round is what counts.
    publisher.publish(ownChannel, String(round)).catch(() => {})
  }

  const dial = () => {
    if (closed) return
    // Never reconnects by itself: what was published in between would be missed unseen.
    subscriber = publisher.duplicate({
      retryStrategy: () => null,
      lazyConnect: false,
      disconnectTimeout: redialAfter,
    })
    subscriber.on('error', () => {})
    subscriber.on('message', (name: string, message: string) => {
      if (name === ownChannel) echo(message)
      else events.message(message)
    })
    subscriber.once('ready', () => {
      subscriber.subscribe(channel, ownChannel).then(beat, () => subscriber.disconnect())
    })
    subscriber.once('end', () => {
      lose()
      setTimeout(dial, redialAfter).unref()
    })
  }
  dial()

  return {
    beat,
    isProved,
    close: () => {
      closed = true
      subscriber.disconnect()
    },
  }
}
