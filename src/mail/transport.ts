import type { RenderedMail } from './templates.js'

/** A mail on its way out. */
export interface OutgoingMail extends RenderedMail {
  /** The same for each try, so that receivers recognise a mail that came twice. */
  id: string
  /** One normalised address. */
  to: string
}

/** What became of a try. Reasons are codes: a mail server's own words may hold an address. */
export type SendResult =
  | { outcome: 'sent' }
  /** It may work later. */
  | { outcome: 'failed'; reason: string }
  /** It never will: the receiver or the message was refused for good. */
  | { outcome: 'refused'; reason: string }

/** A way to send mails. Never throws: a mail that could not be sent is no exception. */
export interface Transport {
  kind: 'smtp' | 'outbox'
  send: (mail: OutgoingMail, signal: AbortSignal) => Promise<SendResult>
  close: () => void
}
