import t from 'tap'
import { build, eventually, person } from '../support/app.js'
import { freePort } from '../support/free-port.js'
import { startRedis } from '../support/redis.js'
import { startSmtp } from '../support/smtp.js'

const sender = 'Example, Ltd <no-reply@example.com>'
const at = (port: number, more = {}) => ({
  SMTP_URL: `smtp://127.0.0.1:${port}`,
  MAIL_FROM: sender,
  ...more,
})

t.test('mails go out by SMTP, with sender, receiver, text and HTML', async (t) => {
  const smtp = await startSmtp(t)
  const built = await build(t, at(smtp.port, { PUBLIC_URL: 'https://id.example.com/auth' }))
  await built
    .client({ host: 'evil.example', 'x-forwarded-host': 'evil.example' })
    .post('/api/auth/register', person('ada'))
  const mail = await smtp.next('ada@example.com', 'Verify')
  t.match(smtp.mails[0]?.envelope, { from: 'no-reply@example.com', to: ['ada@example.com'] })
  t.match(mail.link, /^https:\/\/id\.example\.com\/auth\/verify-email\?token=/)
  t.notMatch(mail.source, 'evil.example')
  t.match(mail.source, /^From: "Example, Ltd" <no-reply@example\.com>$/m)
  t.match(mail.source, /^Message-ID: <\w{22}@example\.com>$/m)
  t.match(mail.source, /^Content-Type: text\/plain/m)
  t.match(mail.source, /^Content-Type: text\/html/m)
  t.match(mail.source, `href="${mail.link}"`)
  await eventually(async () => built.app.mail.stats().sent === 1)
  t.equal(await built.app.mail.waiting(), 0)
  t.match(built.app.mail.stats(), { transport: 'smtp', sent: 1, failed: 0, dropped: 0 })
  t.ok((built.app.mail.stats().lastSuccessAt ?? 0) > 0)
})

t.test('the links may lead to a page elsewhere', async (t) => {
  const smtp = await startSmtp(t)
  const built = await build(t, at(smtp.port, { MAIL_LINK_URL: 'https://app.example.com/#' })).catch(
    (error: Error) => error,
  )
  t.match(built, /MAIL_LINK_URL must be/, 'a fragment is no place for a path')
  const other = await build(t, at(smtp.port, { MAIL_LINK_URL: 'https://app.example.com' }))
  await other.signedUp('ada')
  const { link } = await smtp.next('ada@example.com')
  t.match(link, /^https:\/\/app\.example\.com\/verify-email\?/)
})

t.test('with a password', async (t) => {
  const smtp = await startSmtp(t, {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'gate@house' && password === 'p/w') done(null, { user: username })
      else done(new Error('No'))
    },
  })
  const url = (password: string) => ({
    ...at(smtp.port),
    SMTP_URL: `smtp://gate%40house:${password}@127.0.0.1:${smtp.port}`,
  })

  t.test('mails go out', async (t) => {
    const built = await build(t, url('p%2Fw'))
    await built.signedUp('ada')
    t.ok(await smtp.next('ada@example.com'))
  })

  t.test('a wrong one is an operator’s matter: the mail waits', async (t) => {
    const built = await build(t, url('wrong'))
    await built.signedUp('bob')
    await eventually(async () => built.app.mail.stats().failed > 0)
    t.equal(await built.app.mail.waiting(), 1)
    const line = built.log.find(({ msg }) => msg === 'mail not sent, to be tried again')
    t.match(line, { kind: 'verify-email', tries: 1, reason: 'EAUTH 535' })
    t.notMatch(JSON.stringify(built.log), /wrong|bob@example/)
  })
})

t.test('a receiver who is refused for good is given up at once', async (t) => {
  const smtp = await startSmtp(t, {
    onRcptTo: ({ address }, _session, done) => {
      const refusal = Object.assign(new Error(`${address} is unknown`), { responseCode: 550 })
      done(address.startsWith('ada') ? refusal : null)
    },
  })
  const built = await build(t, at(smtp.port))
  await built.signedUp('ada')
  await eventually(async () => built.app.mail.stats().dropped === 1)
  t.equal(await built.app.mail.waiting(), 0)
  const line = built.log.find(({ msg }) => msg === 'mail given up')
  t.match(line, { kind: 'verify-email', tries: 1, reason: 'EENVELOPE 550' })
  t.notMatch(JSON.stringify(built.log), 'ada@example.com')
  await built.signedUp('bob')
  t.ok(await smtp.next('bob@example.com'), 'and others are not held up')
})

t.test('a receiver who is refused for now is tried again', async (t) => {
  let tries = 0
  const smtp = await startSmtp(t, {
    onRcptTo: (_address, _session, done) => {
      tries += 1
      done(tries > 1 ? null : Object.assign(new Error('Busy'), { responseCode: 451 }))
    },
  })
  const built = await build(t, at(smtp.port))
  await built.signedUp('ada')
  t.ok(await smtp.next('ada@example.com'))
  t.equal(tries, 2)
  t.match(built.app.mail.stats(), { failed: 1 })
})

t.test('no request waits for a slow server, and none says who has an account', async (t) => {
  let free = () => {}
  const held = new Promise<void>((resolve) => {
    free = resolve
  })
  const smtp = await startSmtp(t, {
    onConnect: (_session, done) => {
      void held.then(() => done())
    },
  })
  const built = await build(t, at(smtp.port))
  await built.signedUp('ada')
  const forgot = (email: string) => built.client().post('/api/auth/password/forgot', { email })
  const answers = await Promise.all(
    ['ada', 'nobody'].flatMap((name) => Array(10).fill(`${name}@example.com`)).map(forgot),
  )
  t.strictSame(new Set(answers.map(({ statusCode }) => statusCode)), new Set([202]))
  t.equal(smtp.mails.length, 0, 'all were answered before any mail was taken')
  free()
  t.ok(await smtp.next('ada@example.com', 'Choose a new password'))
})

t.test('a dead server costs nothing but time', async (t) => {
  const port = await freePort()
  const built = await build(t, at(port))
  await built.signedUp('ada')
  await eventually(async () => built.app.mail.stats().failed > 0)
  t.match(built.app.mail.stats(), { sent: 0, lastFailureAt: Number })
  const smtp = await startSmtp(t, { port })
  const { token } = await smtp.next('ada@example.com')
  const verify = await built.client().post('/api/auth/email/verify', { token })
  t.equal(verify.statusCode, 200, 'the token of the last try is good')
})

t.test(
  'a server that an instance never stops talking to does not keep it from ending',
  async (t) => {
    const smtp = await startSmtp(t, { onConnect: () => {} })
    const redis = await startRedis(t)
    const shared = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'one:' }
    const built = await build(t, { ...at(smtp.port), ...shared })
    await built.signedUp('ada')
    await eventually(async () => (await built.app.stores.mails.claim(1)) === undefined)
    await built.app.close()

    t.test('and the mail goes out by another one', async (t) => {
      const free = await startSmtp(t)
      const other = await build(t, { ...at(free.port), ...shared })
      await other.app.ready()
      t.ok(await free.next('ada@example.com'))
    })
  },
)
