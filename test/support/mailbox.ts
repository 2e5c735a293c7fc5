import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from './app.js'

/** A mail as it lies in the outbox, or came by SMTP. */
export interface Mail {
  to: string
  subject: string
  /** All of it as it was sent. */
  source: string
  /** Where its link leads, and the token in that; '' where it has none. */
  link: string
  token: string
}

const header = (source: string, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(source)?.[1]?.trim() ?? ''

export const readMail = (source: string): Mail => {
  const [, link = '', token = ''] = /^(https?:\S+\?token=(\S+))$/m.exec(source) ?? []
  return { to: header(source, 'To'), subject: header(source, 'Subject'), source, link, token }
}

/** The mails of a folder, the oldest first. */
const readFolder = (folder: string): Mail[] => {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => name.endsWith('.eml'))
  return names.sort().map((name) => readMail(readFileSync(join(folder, name), 'utf8')))
}

/** The outbox of a server. */
export const mailbox = (folder: string) => {
  const to = (email: string, subject = ''): Mail[] =>
    readFolder(folder).filter((mail) => mail.to === email && mail.subject.includes(subject))
  return {
    all: () => readFolder(folder),
    to,
    /** Waits for a mail to somebody, the `nth` with such a subject. */
    next: async (email: string, subject: string, nth = 1): Promise<Mail> => {
      await eventually(async () => to(email, subject).length >= nth)
      const mail = to(email, subject)[nth - 1]
      if (mail === undefined) throw new Error('The mail is gone')
      return mail
    },
  }
}
