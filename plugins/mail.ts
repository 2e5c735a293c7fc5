import fp from 'fastify-plugin'
import { createExactCount } from '../src/abuse/exact-count.js'
import type { Config } from '../src/config/schema.js'
import { type Composed, createCompose } from '../src/mail/compose.js'
import { createDelivery, type Delivered, lanesMax } from '../src/mail/delivery.js'
import type { MailJob, NoticeKind } from '../src/mail/mail-job.js'
import { readSender } from '../src/mail/message.js'
import { noticeOf } from '../src/mail/notices.js'
import { createOutboxTransport } from '../src/mail/outbox-transport.js'
import { createQueueMail, type QueueMail } from '../src/mail/queue-mail.js'
import { loadTemplates } from '../src/mail/templates.js'
import type { Transport } from '../src/mail/transport.js'
import { createOneTimeTokens, type OneTimeTokens } from '../src/tokens/one-time-token.js'

/** How mails fare in this process; times in milliseconds since 1970, undefined before the first. */
export interface MailStats {
  transport: Transport['kind']
  /** Mails that this process has sent; tries that failed; mails that it has given up or lost. */
  sent: number
  failed: number
  dropped: number
  lastSuccessAt: number | undefined
  lastFailureAt: number | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    mail: QueueMail & {
      /** Of this process; costs nothing. */
      stats: () => MailStats
      /** How many mails wait in the whole deployment. Throws `StoreUnavailable`. */
      waiting: () => Promise<number>
      tokens: OneTimeTokens
      /** Which notices are sent at all. */
      notices: readonly NoticeKind[]
    }
  }
}

/** Without a mail server nobody reads a notice, other than in development. */
const noticesOf = ({ SMTP_URL, NODE_ENV, MAIL_NOTICES }: Config) =>
  SMTP_URL !== undefined || NODE_ENV === 'development' || NODE_ENV === 'test' ? MAIL_NOTICES : []

const openTransport = async (
  config: Config,
  sender: ReturnType<typeof readSender>,
): Promise<Transport> => {
  if (config.SMTP_URL === undefined) return createOutboxTransport(config.MAIL_OUTBOX_PATH, sender)
  const { createSmtpTransport } = await import('../src/mail/smtp-transport.js')
  return createSmtpTransport({
    url: config.SMTP_URL,
    sender,
    connections: lanesMax,
    requireTls: config.NODE_ENV === 'production',
  })
}

/** Offers mails: they are queued in the store, and sent outside of requests by whichever instance is free. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { hostname } = new URL(config.PUBLIC_URL)
    const sender = readSender(config.MAIL_FROM ?? `Gatehouse <no-reply@${hostname}>`)
    const transport = await openTransport(config, sender)
    const tokens = createOneTimeTokens(config.JWT_SECRET)
    const { accounts, attempts, mails, recovery } = app.stores
    const compose = createCompose({
      accounts,
      recovery,
      tokens,
      count: createExactCount(attempts),
      render: loadTemplates(config.MAIL_LANGUAGE, config.MAIL_TEMPLATES),
      emit: app.events.emit,
      language: config.MAIL_LANGUAGE,
      service: sender.name || hostname,
      linkUrl: config.MAIL_LINK_URL ?? config.PUBLIC_URL,
    })

    const stats: MailStats = {
      transport: transport.kind,
      sent: 0,
      failed: 0,
      dropped: 0,
      lastSuccessAt: undefined,
      lastFailureAt: undefined,
    }
    const report = ({ id, kind, tries }: MailJob, delivered: Delivered): void => {
      const line = { mail: id, kind, tries }
      if (delivered.outcome === 'sent') {
        stats.sent += 1
        stats.lastSuccessAt = Date.now()
        app.log.debug(line, 'mail sent')
      } else if (delivered.outcome === 'retry') {
        stats.failed += 1
        stats.lastFailureAt = Date.now()
        app.log.warn({ ...line, reason: delivered.reason }, 'mail not sent, to be tried again')
      } else if (delivered.outcome === 'given_up') {
        stats.dropped += 1
        stats.lastFailureAt = Date.now()
        app.log.error({ ...line, reason: delivered.reason }, 'mail given up')
      }
    }
    /** The one place where a token is logged: a developer has no mailbox to look into. */
    const show = ({ kind, link }: Composed): void => {
      if (config.NODE_ENV !== 'development' || transport.kind !== 'outbox') return
      app.log.info({ kind, link, folder: config.MAIL_OUTBOX_PATH }, 'mail written to the outbox')
    }

    const delivery = createDelivery({
      queue: mails,
      send: async (job, signal) => {
        const mail = await compose(job)
        if (mail === undefined) return { outcome: 'void' }
        const result = await transport.send(mail, signal)
        if (result.outcome === 'sent') show(mail)
        return result
      },
      report,
    })
    const notices = noticesOf(config)
    const underWay = new Set<Promise<void>>()
    const queue = createQueueMail({
      queue: mails,
      notices,
      queued: delivery.wake,
      lost: (kind, err) => {
        stats.dropped += 1
        app.log.warn({ kind, err }, 'mail not queued')
      },
    })
    app.events.listen((type, origin, details) => {
      const kind = noticeOf(type, details)
      const { userId } = details
      if (kind === undefined || userId === undefined) return
      const work = queue.notify({ kind, userId, origin }).finally(() => underWay.delete(work))
      underWay.add(work)
    })

    app.addHook('onReady', async () => delivery.start())
    app.addHook('onClose', async () => {
      await Promise.all(underWay)
      await delivery.close()
      transport.close()
    })
    app.decorate('mail', {
      ...queue,
      stats: () => ({ ...stats }),
      waiting: mails.length,
      tokens,
      notices,
    })
  },
  { name: 'mail', dependencies: ['stores', 'events'] },
)
