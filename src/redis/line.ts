import type { Redis } from 'ioredis'
import { randomId } from '../ids.js'
import { silenceMax } from '../sessions/invalidation.js'
import type { Master } from './connection.js'

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
export const createLine = (master: Master, channel: string, events: LineEvents): Line => {
  // The nodes of a Cluster pass messages on to each other, and a beat of one proves nothing of another.
  const ownChannel = `${channel}:${randomId()}`
  const pending = new Map<string, number>()
  let round = 0
  let dialledAt = 0
  let provedAt = Number.NEGATIVE_INFINITY
  let open = false
  let closed = false
  let subscriber: Redis | undefined

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
    if (closed || sentAt === undefined || performance.now() - sentAt >= silenceMax) return
    provedAt = sentAt
    if (open) return
    open = true
    events.proved()
  }

  const beat = () => {
    if (open && !isProved()) lose()
    if (!open && performance.now() - dialledAt >= silenceMax) {
      // Nobody has closed the connection, but nothing comes through it: end it, so that it is dialled anew.
      dialledAt = performance.now()
      subscriber?.disconnect()
    }
    round += 1
    pending.set(String(round), performance.now())
    pending.delete(String(round - pendingMax))
    // A beat that can't be sent needs no handling: that it never comes round is what counts.
    master
      .connection()
      ?.publish(ownChannel, String(round))
      .catch(() => {})
  }

  const dial = () => {
    if (closed) return
    dialledAt = performance.now()
    // Never reconnects by itself: what was published in between would be missed unseen.
    const connection = master.connection()?.duplicate({
      retryStrategy: () => null,
      lazyConnect: false,
      disconnectTimeout: redialAfter,
    })
    subscriber = connection
    if (connection === undefined) {
      setTimeout(dial, redialAfter).unref()
      return
    }
    connection.on('error', () => {})
    connection.on('message', (name: string, message: string) => {
      if (name === ownChannel) echo(message)
      else events.message(message)
    })
    connection.once('ready', () => {
      connection.subscribe(channel, ownChannel).then(
        () => {
          beat()
          // At a start this connection may be there first; the beat would come with the next half second.
          const commands = master.connection()
          if (commands?.status !== 'ready') commands?.once('ready', beat)
        },
        () => connection.disconnect(),
      )
    })
    connection.once('end', () => {
      if (closed) return
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
      provedAt = Number.NEGATIVE_INFINITY
      subscriber?.disconnect()
    },
  }
}
