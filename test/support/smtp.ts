import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Test } from 'tap'
import { eventually } from './app.js'
import { type Mail, readMail } from './mailbox.js'

export interface SmtpServer {
  port: number
  /** What it has taken so far; `envelope` is what the conversation named, whatever the headers say. */
  mails: (Mail & { envelope: { from: string; to: string[] } })[]
  /** Waits for a mail to somebody. */
  next: (email: string, subject?: string) => Promise<Mail>
  stop: () => Promise<void>
}

/** A mail server of the test's own, on a free port unless one is given; it ends with the test. */
export const startSmtp = async (
  t: Pick<Test, 'teardown'>,
  { port = 0, ...options }: SMTPServerOptions & { port?: number } = {},
): Promise<SmtpServer> => {
  const mails: SmtpServer['mails'] = []
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    // In milliseconds: what is still connected when the test ends is cut off.
    closeTimeout: 100,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      let source = ''
      stream.on('data', (chunk) => {
        source += chunk
      })
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : mailFrom.address
        const envelope = { from, to: rcptTo.map(({ address }) => address) }
        mails.push({ ...readMail(source.replaceAll('\r\n', '\n')), envelope })
        done()
      })
    },
    ...options,
  })
  // Clients that hang up are no news.
  server.on('error', () => {})
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  let isOpen = true
  const stop = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    await new Promise<void>((resolve) => server.close(resolve))
  }
  t.teardown(stop)

  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    next: async (email, subject = '') => {
      const wanted = () => mails.find((mail) => mail.to === email && mail.subject.includes(subject))
      await eventually(async () => wanted() !== undefined)
      const mail = wanted()
      if (mail === undefined) throw new Error('The mail is gone')
      return mail
    },
    stop,
  }
}
