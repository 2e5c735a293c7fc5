import type { Origin } from '../events/security-event.js'

/** Mails that people ask for, with a link in them. */
export const linkKinds = ['verify-email', 'reset-password', 'confirm-email'] as const

/** Mails that come in place of a link, where an address has an account already. */
export const insteadKinds = ['account-exists', 'email-taken'] as const

/** Mails about something that happened to an account; each can be turned off. */
export const noticeKinds = [
  'password-changed',
  'email-changed',
  'role-changed',
  'new-device',
  'lockout',
  'session-reuse',
] as const

export type LinkKind = (typeof linkKinds)[number]
export type NoticeKind = (typeof noticeKinds)[number]
export type MailKind = LinkKind | (typeof insteadKinds)[number] | NoticeKind

export const mailKinds: readonly MailKind[] = [...linkKinds, ...insteadKinds, ...noticeKinds]

/**
 * What mail is wanted: of what kind, for whom, and because of which request. Never a token or a link:
 * these come into being when the mail is sent, and are in no store.
 */
export interface MailRequest {
  kind: MailKind
  /** The account. Where it is absent, that of the email is looked up when the mail is sent. */
  userId?: string
  /** The address in question, normalised: whose account, a new address, or the one before. */
  email?: string
  origin: Origin
}

/** A mail that waits in the queue. */
export interface MailJob extends MailRequest {
  id: string
  /** When it was queued, by the store's clock, in milliseconds since 1970. */
  queuedAt: number
  /** How often it has been claimed, this time included. */
  tries: number
}
