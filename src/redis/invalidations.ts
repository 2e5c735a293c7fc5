import { randomId } from '../ids.js'
import {
  type Announcer,
  type Invalidation,
  type Invalidations,
  silenceMax,
} from '../sessions/invalidation.js'
import type { Client } from './script.js'

/** How often the channel is proved, in milliseconds. */
const beatEvery = 500
/** Beats on their way; more than this were lost. */
const pendingMax = 16

/** The messages: `<userId>` for an account, `<userId> <sid>` for a session. */
const parse = (message: string): Invalidation => {
  const [userId = '', sid] = message.split(' ')
  return sid === undefined ? { userId } : { userId, sid }
}

/** Where invalidations travel: commands go out on one connection, messages come in on another. */
export interface Lines {
  /** Every server that scripts may publish on: one, or the masters of a Cluster. */
  publishers: () => Client[]
  subscriber: Client
  /** Drops the subscriber's connection for a new one. */
  redial: () => void
}

/**
 * The channel over Redis' publish/subscribe. A subscriber's connection alone proves nothing: it may be dead
 * without anybody knowing, or hang on a demoted master. So each instance sends itself beats along the way
 * that revocations take, from every server that publishes them. Messages arrive in the order in which a
 * server sent them, so a beat that has come round proves that all that was published before the beat was
 * *sent* has been heard; `isProved` counts from that moment, however slow the way.
 */
export const createInvalidations = (
  lines: Lines,
  channel: string,
  announcer: Announcer,
): Invalidations & { close: () => void } => {
  const { subscriber } = lines
  const own = `${channel}:${randomId()}`
  const pending = new Map<number, { sentAt: number; missing: number }>()
  let round = 0
  let provedAt = Number.NEGATIVE_INFINITY
  let open = false

  const isProved = () => performance.now() - provedAt < silenceMax

  const lose = () => {
    provedAt = Number.NEGATIVE_INFINITY
    pending.clear()
    if (!open) return
    open = false
    announcer.lost()
  }

  const prove = (sentAt: number) => {
    if (performance.now() - sentAt >= silenceMax) return
    provedAt = sentAt
    if (open) return
    open = true
    announcer.restored()
  }

  const beat = () => {
    const publishers = lines.publishers()
    round += 1
    pending.set(round, { sentAt: performance.now(), missing: publishers.length })
    pending.delete(round - pendingMax)
    // A beat that can't be sent needs no handling: that it never comes round is what counts.
    for (const node of publishers) void node.publish(own, String(round)).catch(() => {})
  }

  const echo = (number: number) => {
    const sent = pending.get(number)
    if (sent === undefined) return
    sent.missing -= 1
    if (sent.missing > 0) return
    pending.delete(number)
    prove(sent.sentAt)
  }

  subscriber.on('message', (name: string, message: string) => {
    if (name === own) echo(Number(message))
    else announcer.announce(parse(message))
  })
  subscriber.on('ready', () => {
    subscriber.subscribe(channel, own).then(beat, () => {})
  })
  subscriber.on('close', lose)

  const timer = setInterval(() => {
    if (open && !isProved()) {
      lose()
      // Nobody has closed it, but nothing comes through it either.
      lines.redial()
    }
    beat()
  }, beatEvery)
  timer.unref()

  return { listen: announcer.listen, isProved, close: () => clearInterval(timer) }
}
