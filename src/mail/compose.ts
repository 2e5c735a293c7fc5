import { createHash } from 'node:crypto'
import type { ExactCount } from '../abuse/exact-count.js'
import type { Account } from '../accounts/account.js'
import type { AccountStore } from '../accounts/account-store.js'
import { lives, type Purpose, type RecoveryStore } from '../accounts/recovery-store.js'
import type { Emit } from '../events/security-event.js'
import type { OneTimeTokens } from '../tokens/one-time-token.js'
import { describeDevice } from './describe-device.js'
import type { LinkKind, MailJob, MailKind } from './mail-job.js'
import type { MailValues, Render } from './templates.js'
import type { OutgoingMail } from './transport.js'

/** As many mails of a kind as nobody has asked for, or whom others asked for, reach one address an hour. */
const unaskedLimit = { max: 10, windowMs: 60 * 60_000 }

const purposes: Record<LinkKind, { purpose: Purpose; page: string }> = {
  'verify-email': { purpose: 'verify_email', page: 'verify-email' },
  'reset-password': { purpose: 'reset_password', page: 'reset-password' },
  'confirm-email': { purpose: 'change_email', page: 'confirm-email' },
}

export interface ComposeDeps {
  accounts: AccountStore
  recovery: RecoveryStore
  tokens: OneTimeTokens
  count: ExactCount
  render: Render
  emit: Emit
  language: string
  /** Who the mails are from, in a word. */
  service: string
  /** What links begin with. */
  linkUrl: string
}

/** A mail as it goes out; `link` is in it, for the log of a development server. */
export type Composed = OutgoingMail & { kind: MailKind; link?: string }

/**
 * Makes the mail that a job names: only now is the account looked up, is a token derived and its hash kept.
 * Answers undefined where there is nothing to send, or nothing any more. Throws `StoreUnavailable`.
 */
export const createCompose = (deps: ComposeDeps) => {
  const { accounts, recovery, tokens, render } = deps
  const moment = new Intl.DateTimeFormat(deps.language, {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  const hours = new Intl.NumberFormat(deps.language, {
    style: 'unit',
    unit: 'hour',
    unitDisplay: 'long',
  })

  const write = (job: MailJob, kind: MailKind, to: string, values: MailValues): Composed => {
    const all = { service: deps.service, email: to, ...values }
    return { id: job.id, kind, to, ...render(kind, all) }
  }

  /** A mail with a link whose token changes something about the account. */
  const withLink = async (
    job: MailJob,
    kind: LinkKind,
    account: Account,
    to: string,
  ): Promise<Composed | undefined> => {
    const { purpose, page } = purposes[kind]
    const { token, hash } = tokens.derive(account.userId, purpose, to, job.id)
    const outcome = await recovery.keep(account.userId, {
      purpose,
      hash,
      email: account.email,
      ...(to !== account.email && { newEmail: to }),
      askedAt: job.queuedAt,
    })
    if (outcome === 'outdated') return undefined
    const link = `${deps.linkUrl}/${page}?token=${token}`
    const validity = hours.format(lives[purpose] / (60 * 60_000))
    return { ...write(job, kind, to, { link, validity }), link }
  }

  /** Whether an address may get one more mail of a kind that its owner may not have asked for. */
  const mayReach = async (job: MailJob, kind: MailKind, to: string): Promise<boolean> => {
    // Later tries are of the same mail.
    if (job.tries > 1) return true
    const receiver = createHash('sha256').update(to).digest('base64url')
    return (await deps.count([`mail:${kind}:${receiver}`], unaskedLimit)).outcome === 'go'
  }

  /** A mail without a link, that its receiver may not have asked for. */
  const unasked = async (
    job: MailJob,
    kind: MailKind,
    to: string,
    values: MailValues = {},
  ): Promise<Composed | undefined> =>
    (await mayReach(job, kind, to)) ? write(job, kind, to, values) : undefined

  const accountOf = ({ userId, email = '' }: MailJob): Promise<Account | undefined> =>
    userId === undefined ? accounts.findByEmail(email) : accounts.findById(userId)

  return async (job: MailJob): Promise<Composed | undefined> => {
    const { kind, email = '', origin } = job
    const account = await accountOf(job)
    // Here rather than at the request, which does the same whether there is an account or not.
    if (kind === 'reset-password' && job.tries === 1) {
      const about = account === undefined ? { reason: 'unknown_email' } : { userId: account.userId }
      deps.emit('password.reset_requested', origin, about)
    }
    if (account === undefined) return undefined

    switch (kind) {
      case 'verify-email':
        return account.emailVerified ? undefined : withLink(job, kind, account, account.email)
      case 'reset-password':
        return withLink(job, kind, account, account.email)
      case 'confirm-email': {
        if (email === account.email) return undefined
        const holder = await accounts.findByEmail(email)
        if (holder !== undefined) return unasked(job, 'email-taken', email)
        return (await mayReach(job, kind, email)) ? withLink(job, kind, account, email) : undefined
      }
      case 'account-exists':
        return unasked(job, kind, account.email)
      default: {
        const to = kind === 'email-changed' ? email : account.email
        return unasked(job, kind, to, {
          time: `${moment.format(job.queuedAt)} UTC`,
          ip: origin.ip,
          device: describeDevice(origin.userAgent),
          role: account.role,
        })
      }
    }
  }
}

export type Compose = ReturnType<typeof createCompose>
