import { Type } from '@sinclair/typebox'
import { noticeKinds } from '../../mail/mail-job.js'
import { choices, path, text, url } from '../variables.js'

/** How mails are sent, and which. */
export const mail = {
  SMTP_URL: Type.Optional(
    url({
      schemes: 'smtps?',
      secret: true,
      description:
        'The mail server. Unset: mails become `.eml` files in `.data/outbox/`; production refuses this when a feature needs mail',
    }),
  ),
  MAIL_FROM: Type.Optional(
    text({
      form: 'an address, or Name <address>',
      bounds: {
        maxLength: 320,
        pattern: '^([^\\x00-\\x1f\\x7f<>@]+ <[^\\s<>@]+@[^\\s<>@]+>|[^\\s<>@]+@[^\\s<>@]+)$',
      },
      description: 'The sender of mails; required with `SMTP_URL`',
    }),
  ),
  MAIL_OUTBOX_PATH: path({
    defaults: '.data/outbox',
    description: 'The folder of the `.eml` files, about 1,000 of the newest of which are kept',
  }),
  MAIL_LINK_URL: Type.Optional(
    url({
      schemes: 'https?',
      description:
        'What the links in mails begin with, where the pages behind them are not at `PUBLIC_URL`; must be https in production',
    }),
  ),
  MAIL_NOTICES: choices(noticeKinds, {
    defaults: noticeKinds.join(),
    description: 'Of what people are told by mail, beside the mails that they ask for',
  }),
  MAIL_LANGUAGE: text({
    defaults: 'en',
    form: 'a language such as en or pt-BR',
    bounds: { maxLength: 20, pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$' },
    description: 'The folder of templates that mails are made from; `en` is built in',
  }),
  MAIL_TEMPLATES: Type.Optional(
    path({
      description:
        'A folder of your own templates: a folder a language, with files in place of those built in',
    }),
  ),
}
