import { Overloaded } from '../errors.js'
import { randomId } from '../ids.js'
import type { MailKind, MailRequest, NoticeKind } from './mail-job.js'
import type { MailQueue } from './mail-queue.js'

/** As many mails as wait at most. Half of that is left to mails that somebody counts on. */
const waitingMax = 10_000
const offersMax = waitingMax / 2

export interface QueueMailDeps {
  queue: MailQueue
  /** Which notices are sent at all. */
  notices: readonly NoticeKind[]
  /** Called once something waits. */
  queued: () => void
  /** Hears of mails that could not be queued, and that nobody waits for. */
  lost: (kind: MailKind, failure: unknown) => void
}

export type NoticeRequest = MailRequest & { kind: NoticeKind }

/** Puts mails into the queue. */
export const createQueueMail = ({ queue, notices, queued, lost }: QueueMailDeps) => {
  const add = async (request: MailRequest, max: number): Promise<void> => {
    if ((await queue.add(randomId(), request, max)) === 'full') throw new Overloaded()
    queued()
  }

  /** Queues a mail that nobody counts on: it never throws, and may be lost. */
  const offer = (request: MailRequest): Promise<void> =>
    add(request, offersMax).catch((failure: unknown) => lost(request.kind, failure))

  return {
    /** Queues a mail that somebody counts on; durable once it resolves. Throws `Overloaded`, `StoreUnavailable`. */
    ask: (request: MailRequest): Promise<void> => add(request, waitingMax),
    offer,
    /** Queues a notice of something that has happened already, if such are sent; else as `offer`. */
    notify: async (request: NoticeRequest): Promise<void> => {
      if (notices.includes(request.kind)) await offer(request)
    },
  }
}

export type QueueMail = ReturnType<typeof createQueueMail>
