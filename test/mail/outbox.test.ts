import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createOutboxTransport } from '../../src/mail/outbox-transport.js'
import { createSmtpTransport } from '../../src/mail/smtp-transport.js'
import { signedUpAdmin } from '../support/accounts.js'
import { build, clientOrigin, eventually, person, secrets } from '../support/app.js'
import { mailbox } from '../support/mailbox.js'
import { spawnServer } from '../support/process.js'
import { startSmtp } from '../support/smtp.js'

const sender = { name: 'Example', address: 'no-reply@example.com' }
const mail = {
  id: 'x'.repeat(22),
  to: 'ada@example.com',
  subject: 'Hello',
  text: 'Hi\n',
  html: '<p>Hi',
}
const never = new AbortController().signal

t.test('the outbox', async (t) => {
  t.test('holds each mail in a file for its owner alone', async (t) => {
    const folder = join(t.testdir(), 'outbox')
    const outbox = createOutboxTransport(folder, sender)
    t.strictSame(await outbox.send(mail, never), { outcome: 'sent' })
    const [name = '', ...others] = readdirSync(folder)
    t.strictSame(others, [], 'and leaves no half of one')
    t.match(name, /^\d{4}-.*-x{22}\.eml$/)
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
    t.match(mailbox(folder).all()[0], { to: 'ada@example.com', subject: 'Hello' })
    outbox.close()
  })

  t.test('keeps the newest thousand', async (t) => {
    const folder = t.testdir()
    for (let i = 0; i < 1_005; i++) {
      writeFileSync(join(folder, `2020-01-01T00-00-${String(i).padStart(4, '0')}.eml`), '')
    }
    writeFileSync(join(folder, 'notes.txt'), '')
    await createOutboxTransport(folder, sender).send(mail, never)
    const names = readdirSync(folder).sort()
    t.equal(names.length, 1_001)
    t.ok(names.includes('notes.txt'), 'and what is no mail')
    t.equal(names[0], '2020-01-01T00-00-0006.eml')
  })

  t.test('that can not be written to is a failure, to be tried again', async (t) => {
    const folder = join(t.testdir({ outbox: 'a file' }), 'outbox')
    const result = await createOutboxTransport(folder, sender).send(mail, never)
    t.match(result, { outcome: 'failed', reason: 'EEXIST' })
  })

  t.test('holds text beyond ASCII in an encoding that every server takes', async (t) => {
    const folder = t.testdir()
    await createOutboxTransport(folder, sender).send({ ...mail, text: 'Schloß\n' }, never)
    t.match(mailbox(folder).all()[0]?.source, /quoted-printable|base64/)
  })
})

t.test(
  'no password goes over a connection that is not encrypted, unless that is wanted',
  async (t) => {
    const smtp = await startSmtp(t, {
      allowInsecureAuth: true,
      onAuth: ({ username }, _session, done) => done(null, { user: username }),
    })
    // An address of this machine that does not look like one.
    const send = async (query: string) => {
      const url = `smtp://user:pass@0.0.0.0:${smtp.port}${query}`
      const transport = createSmtpTransport({ url, sender, connections: 1, requireTls: true })
      const result = await transport.send(mail, never)
      transport.close()
      return result
    }
    t.match(await send(''), { outcome: 'failed' })
    t.equal(smtp.mails.length, 0)
    t.match(await send('?requireTLS=false'), { outcome: 'sent' })
  },
)

t.test('the link is in the log in development, and nowhere else', async (t) => {
  const link = async (NODE_ENV: string, more = {}) => {
    const built = await build(t, { NODE_ENV, ANOMALY_MODE: 'off', LOG_LEVEL: 'debug', ...more })
    await built.signedUp('ada')
    await eventually(async () => built.app.mail.stats().sent > 0)
    return JSON.stringify(built.log).includes('verify-email?token=')
  }
  t.equal(await link('development'), true)
  t.equal(await link('test'), false)
  t.equal(await link('staging', { COOKIE_SECURE: 'false' }), false)
})

t.test('without a mail server no notices are written in staging', async (t) => {
  const built = await build(t, { NODE_ENV: 'staging', COOKIE_SECURE: 'false' })
  t.strictSame(built.app.mail.notices, [])
})

t.test('whose role changes is told so', async (t) => {
  const built = await build(t)
  const admin = await signedUpAdmin(built, 'ada')
  const bob = await built.signedUp('bob')
  await admin.patch(`/api/admin/users/${bob.userId}`, { role: 'admin' })
  const box = mailbox(built.config.MAIL_OUTBOX_PATH)
  t.match((await box.next('bob@example.com', 'Your role was changed')).source, 'It is now: admin')
})

t.test('nobody is flooded with mails that others ask for', async (t) => {
  const built = await build(t, { REGISTRATION: 'verified' })
  const box = mailbox(built.config.MAIL_OUTBOX_PATH)
  for (let i = 0; i < 14; i++) {
    await built.client().post('/api/auth/register', person('ada'))
  }
  await eventually(async () => (await built.app.mail.waiting()) === 0)
  t.equal(box.to('ada@example.com', 'You have an account already').length, 10)
})

t.test('templates that can not be used stop the start', async (t) => {
  const env = { ...secrets, CLIENT_URLS: clientOrigin, MAIL_LANGUAGE: 'xx' }
  const server = spawnServer(t, { env })
  t.match(await server.exited, { code: 78 })
  t.match(server.stderr, 'MAIL_TEMPLATES: there is no xx/layout.html')
})
