import type { MailRequest } from '../mail/mail-job.js'
import type { MailQueue } from '../mail/mail-queue.js'
import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

/** How long the queue outlives the last mail that was added, in milliseconds: longer than any is tried. */
const keepMs = 2 * 24 * 60 * 60_000

/** The members that the scripts write. */
interface StoredMail {
  request: string
  queued: number
  tries: number
}

/** The mails that wait in Redis: one hash, and one sorted set by when they are due, in one slot. */
export const createMailQueue = (client: Client, keys: Keys): MailQueue => {
  const queueMail = script<'queued' | 'full'>(client, 'queue-mail')
  const claimMail = script<[id: string, mail: string] | null>(client, 'claim-mail')
  const postponeMail = script<'postponed' | 'lost'>(client, 'postpone-mail')
  const removeMail = script<'removed'>(client, 'remove-mail')
  const both = [keys.mails, keys.mailsDue]

  return {
    add: (id, request, max) => queueMail(both, [id, JSON.stringify(request), max, keepMs]),

    async claim(leaseMs) {
      const reply = await claimMail(both, [leaseMs])
      if (reply === null) return undefined
      const [id, text] = reply
      // Only our own scripts write it, around what `add` was given.
      const mail = JSON.parse(text) as StoredMail
      const request = JSON.parse(mail.request) as MailRequest
      return { ...request, id, queuedAt: mail.queued, tries: mail.tries }
    },

    async postpone({ id, tries }, delayMs) {
      await postponeMail(both, [id, tries, delayMs])
    },
    async remove(id) {
      await removeMail(both, [id])
    },
    length: () => command(client.hlen(keys.mails)),
  }
}
