import { GatehouseError } from '../errors.js'
import type { MailJob } from './mail-job.js'
import type { MailQueue } from './mail-queue.js'
import type { SendResult } from './transport.js'

/** Mails under way at once in one process. */
export const lanesMax = 4
/** How long a mail may take, and for how long it is claimed: longer, so that it is not sent twice. */
const sendMs = 45_000
const leaseMs = 60_000
/** How often mails are looked for that others have queued, or that are due again. */
const lookMs = 2_000
/** The first delay after a failure, which doubles with each, and the longest. */
const firstDelayMs = 1_000
const longestDelayMs = 60 * 60_000
/** When a mail is given up. Tries count too: one that ends the process each time must not live for ever. */
const ageMax = 24 * 60 * 60_000
const triesMax = 60
/** How long `close` waits for what is under way, in milliseconds. */
const closeMs = 3_000

/** What became of a mail: sent, nothing to send any more, a try that failed, or given up. */
export type Delivered =
  | { outcome: 'sent' | 'void' }
  | { outcome: 'retry' | 'given_up'; reason: string }

export interface DeliveryDeps {
  queue: MailQueue
  /** Makes the mail and sends it; 'void' where there is nothing to send any more. */
  send: (job: MailJob, signal: AbortSignal) => Promise<SendResult | { outcome: 'void' }>
  report: (job: MailJob, delivered: Delivered) => void
}

/** Doubles, and is spread over half of itself, so that what failed together does not come back together. */
const delayAfter = (tries: number): number =>
  Math.min(longestDelayMs, firstDelayMs * 2 ** (tries - 1)) * (0.75 + Math.random() / 2)

/**
 * Sends what is in the queue, outside of requests, on every instance. Slow or dead mail servers cost time
 * here and nowhere else.
 */
export const createDelivery = ({ queue, send, report }: DeliveryDeps) => {
  const stopped = new AbortController()
  const lanes = new Set<Promise<void>>()
  let looker: NodeJS.Timeout | undefined
  let isClosing = false

  const attempt = async (job: MailJob) => {
    // Claimed, and never heard of again, so often: this mail ends the process.
    if (job.tries > triesMax) return { outcome: 'refused', reason: 'tries' } as const
    try {
      return await send(job, AbortSignal.any([stopped.signal, AbortSignal.timeout(sendMs)]))
    } catch (error) {
      const reason = error instanceof GatehouseError ? error.code : String(error)
      return { outcome: 'failed', reason } as const
    }
  }

  const deliver = async (job: MailJob): Promise<void> => {
    const result = await attempt(job)
    if (result.outcome === 'sent' || result.outcome === 'void') {
      await queue.remove(job.id)
      report(job, result)
      return
    }
    const isLast = Date.now() - job.queuedAt > ageMax || job.tries >= triesMax
    if (result.outcome === 'refused' || isLast) {
      await queue.remove(job.id)
      report(job, { outcome: 'given_up', reason: result.reason })
    } else {
      await queue.postpone(job, delayAfter(job.tries))
      report(job, { outcome: 'retry', reason: result.reason })
    }
  }

  /** One after the other, until none is due. The store away: the next look tries again. */
  const run = async (): Promise<void> => {
    while (!isClosing) {
      const job = await queue.claim(leaseMs)
      if (job === undefined) return
      wake()
      await deliver(job)
    }
  }
  const wake = (): void => {
    if (looker === undefined || isClosing || lanes.size >= lanesMax) return
    const lane = run()
      .catch(() => {})
      .finally(() => lanes.delete(lane))
    lanes.add(lane)
  }

  return {
    /** Begins to look for mails. */
    start: (): void => {
      looker = setInterval(wake, lookMs)
      looker.unref()
      wake()
    },
    /** Looks at once: something was queued here. */
    wake,
    /** Waits a while for what is under way. What is not sent by then is sent by another instance, or later. */
    close: async (): Promise<void> => {
      isClosing = true
      clearInterval(looker)
      const late = setTimeout(() => stopped.abort(), closeMs)
      await Promise.all(lanes)
      clearTimeout(late)
    },
  }
}
