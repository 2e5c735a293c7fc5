import type { MailJob, MailRequest } from './mail-job.js'

/**
 * Mails that wait to be sent. What has been added is durable, and shared by all instances: each mail is
 * claimed by one of them at a time, and comes back by itself when that one dies. So a mail is sent at least
 * once, rarely twice, unless it is removed. Each method is one atomic step by the store's clock, does no
 * harm when it is called again, and throws `StoreUnavailable` when the store can't be reached in time.
 */
export interface MailQueue {
  /** Adds a mail, due at once. Answers 'full' and adds nothing where `max` wait already. */
  add: (id: string, request: MailRequest, max: number) => Promise<'queued' | 'full'>
  /** Claims the mail that has been due for longest: nobody else is given it for `leaseMs`. */
  claim: (leaseMs: number) => Promise<MailJob | undefined>
  /** Puts a claimed mail off. Does nothing where it was claimed again meanwhile, or removed. */
  postpone: (job: Pick<MailJob, 'id' | 'tries'>, delayMs: number) => Promise<void>
  /** Takes a mail out for good. */
  remove: (id: string) => Promise<void>
  /** How many wait, those claimed included. */
  length: () => Promise<number>
}
