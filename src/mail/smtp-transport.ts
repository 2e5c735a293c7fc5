import { createTransport } from 'nodemailer'
import { message, type Sender } from './message.js'
import type { SendResult, Transport } from './transport.js'

export interface SmtpOptions {
  url: string
  sender: Sender
  /** Mails under way at once. */
  connections: number
  /** Whether a password is given to a server elsewhere only once the connection is encrypted. */
  requireTls: boolean
}

/** What the reply to the receiver or to the message says for good (RFC 5321, 4.2.1). */
const verdicts = new Set(['EENVELOPE', 'EMESSAGE'])

const isLocal = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)

const failure = (error: unknown): SendResult => {
  const { code, responseCode = 0 } = error as { code?: unknown; responseCode?: number }
  const reason = [typeof code === 'string' ? code : 'unknown', responseCode || []].flat().join(' ')
  const isFinal = verdicts.has(String(code)) && responseCode >= 500
  return { outcome: isFinal ? 'refused' : 'failed', reason }
}

/** Sends by SMTP, over a few connections that are kept for a while. Options may stand in the URL's query. */
export const createSmtpTransport = (options: SmtpOptions): Transport => {
  const { username, hostname, searchParams } = new URL(options.url)
  const mailer = createTransport({
    pool: true,
    url: options.url,
    maxConnections: options.connections,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    dnsTimeout: 10_000,
    socketTimeout: 30_000,
    // Encrypted wherever the server offers it; somebody in between could hide the offer.
    ...(options.requireTls &&
      username !== '' &&
      !isLocal(hostname) &&
      !searchParams.has('requireTLS') && { requireTLS: true }),
  })

  return {
    kind: 'smtp',
    send: (mail, signal) =>
      mailer
        .sendMail({ ...message(mail, options.sender), signal })
        .then(() => ({ outcome: 'sent' }), failure),
    close: () => mailer.close(),
  }
}
