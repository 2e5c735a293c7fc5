import type { OutgoingMail } from './transport.js'

/** The longest line that SMTP carries as it is, less a margin (RFC 5321, 4.5.3.1.6). */
const lineMax = 990

/**
 * One form of the text. What is ASCII goes out as it is written, so that a link is still one in the file
 * and in programs that know no quoted-printable.
 */
const part = (type: string, content: string) => {
  const isPlain = !/[^\t\n\r\x20-\x7e]/.test(content)
  const fits = content.split('\n').every((line) => line.length <= lineMax)
  const contentType = `${type}; charset=utf-8`
  if (!isPlain || !fits) return { contentType, content }
  const head = `Content-Type: ${contentType}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n`
  return { raw: head + content.replaceAll(/\r?\n/g, '\r\n') }
}

/** A mail as nodemailer takes it. Its addresses are objects: nothing of them is parsed. */
export const message = ({ id, to, subject, text, html }: OutgoingMail, sender: Sender) => ({
  from: sender,
  to: { name: '', address: to },
  envelope: { from: sender.address, to: [to] },
  messageId: `<${id}@${sender.address.split('@')[1]}>`,
  // RFC 3834, 5: nobody's holiday notice should come back.
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  subject,
  alternatives: [part('text/plain', text), part('text/html', html)],
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** Who mails are from; the name may be empty. */
export interface Sender {
  name: string
  address: string
}

/** `MAIL_FROM` in its two forms: an address, or `Name <address>`. */
export const readSender = (text: string): Sender => {
  const [, name, address] = /^([^<]*)<([^>]+)>$/.exec(text) ?? []
  return { name: name?.trim() ?? '', address: address ?? text }
}
