import type { MailRequest } from '../mail/mail-job.js'
import type { MailQueue } from '../mail/mail-queue.js'
import type { Environment } from './environment.js'

interface StoredMail {
  request: MailRequest
  queuedAt: number
  tries: number
  due: number
}

/** The mails that wait in LMDB: a record for each, and an index by when it is due. */
export const createMailQueue = (environment: Environment, clock: () => number): MailQueue => {
  const mails = environment.table<StoredMail, string>('mails')
  const dues = environment.table<true, [due: number, id: string]>('mails-due')

  const put = (id: string, mail: StoredMail, before?: StoredMail): void => {
    if (before !== undefined) dues.remove([before.due, id])
    mails.put(id, mail)
    dues.put([mail.due, id], true)
  }

  const firstDue = (now: number): string | undefined =>
    [...dues.getKeys({ end: [now + 1, ''], limit: 1 })][0]?.[1]

  return {
    add: (id, request, max) =>
      environment.transaction(() => {
        if (mails.get(id) !== undefined) return 'queued'
        if (mails.getKeysCount() >= max) return 'full'
        const now = clock()
        put(id, { request, queuedAt: now, tries: 0, due: now })
        return 'queued'
      }),

    async claim(leaseMs) {
      // Mostly there is none, and a transaction would write to the disk to find that out.
      if ((await environment.read(() => firstDue(clock()))) === undefined) return undefined
      return environment.transaction(() => {
        const now = clock()
        const id = firstDue(now)
        const mail = id === undefined ? undefined : mails.get(id)
        if (id === undefined || mail === undefined) return undefined
        const tries = mail.tries + 1
        put(id, { ...mail, tries, due: now + leaseMs }, mail)
        return { ...mail.request, id, queuedAt: mail.queuedAt, tries }
      })
    },

    postpone: ({ id, tries }, delayMs) =>
      environment.transaction(() => {
        const mail = mails.get(id)
        if (mail?.tries === tries) put(id, { ...mail, due: clock() + delayMs }, mail)
      }),

    remove: (id) =>
      environment.transaction(() => {
        const mail = mails.get(id)
        if (mail === undefined) return
        dues.remove([mail.due, id])
        mails.remove(id)
      }),

    length: () => environment.read(() => mails.getKeysCount()),
  }
}
