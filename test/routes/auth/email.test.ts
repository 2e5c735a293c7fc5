import t from 'tap'
import { invalid, refused } from '../../support/answers.js'
import { type Built, build, password, person } from '../../support/app.js'
import { elapse } from '../../support/clock.js'
import { mailbox } from '../../support/mailbox.js'

const verifyMail = 'Verify your email address'
const confirmMail = 'Confirm your new email address'

const emails = (built: Built) => {
  const post = (route: string, body?: object) =>
    built.client().post(`/api/auth/email/${route}`, body)
  return {
    box: mailbox(built.config.MAIL_OUTBOX_PATH),
    verify: (token: string) => post('verify', { token }),
    confirm: (token: string) => post('confirm', { token }),
    resend: (email: string) => post('resend', { email }),
  }
}

t.test('the link that verifies an email', async (t) => {
  const built = await build(t)
  const { signedUp, client } = built
  const { box, verify, resend } = emails(built)

  t.test('comes with the sign-up, and works once', async (t) => {
    const ada = await signedUp('ada')
    const mail = await box.next('ada@example.com', verifyMail)
    t.match(mail.link, /^http:\/\/localhost:5000\/verify-email\?token=/)
    const answer = await verify(mail.token)
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), { success: true, message: 'Email verified', data: {} })
    t.match((await ada.get('/api/profile')).json().data.user, { emailVerified: true })
    refused(t, await verify(mail.token), 400, 'INVALID_VERIFICATION_TOKEN')
  })

  t.test('is sent again to whoever asks, and takes the place of the one before', async (t) => {
    await signedUp('bob')
    const first = await box.next('bob@example.com', verifyMail)
    t.equal((await resend('BOB@example.com')).statusCode, 202)
    const second = await box.next('bob@example.com', verifyMail, 2)
    refused(t, await verify(first.token), 400, 'INVALID_VERIFICATION_TOKEN')
    t.equal((await verify(second.token)).statusCode, 200)
  })

  t.test('is sent again to the signed in, who need not say who they are', async (t) => {
    const carol = await signedUp('carol')
    await box.next('carol@example.com', verifyMail)
    t.equal((await carol.post('/api/auth/email/resend')).statusCode, 202)
    await box.next('carol@example.com', verifyMail, 2)
    const other = await carol.post('/api/auth/email/resend', { email: 'bob@example.com' })
    t.equal(other.statusCode, 202)
    const { token } = await box.next('carol@example.com', verifyMail, 3)
    t.equal((await verify(token)).statusCode, 200)
  })

  t.test('answers alike for known, unknown and verified emails', async (t) => {
    await signedUp('dave')
    const answers = []
    for (const name of ['dave', 'ada', 'nobody']) answers.push(await resend(`${name}@example.com`))
    t.strictSame(new Set(answers.map(({ body }) => body)).size, 1)
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [202, 202, 202],
    )
    await box.next('dave@example.com', verifyMail, 2)
    t.equal(box.to('ada@example.com', verifyMail).length, 1)
    t.equal(box.to('nobody@example.com').length, 0)
  })

  t.test('needs somebody to send it to', async (t) => {
    refused(t, await client().post('/api/auth/email/resend'), 401, 'NO_TOKEN')
    refused(t, await client().post('/api/auth/email/resend', {}), 401, 'NO_TOKEN')
    invalid(t, await resend('nobody'), ['email'])
    const eve = await signedUp('eve')
    elapse(t, 16 * 60_000)
    const late = await eve.post('/api/auth/email/resend', undefined, {
      authorization: `Bearer ${eve.cookies().access_token}`,
    })
    t.equal(late.statusCode, 401)
  })

  t.test('no other text is one', async (t) => {
    for (const odd of ['x', `${'A'.repeat(22)}.${'A'.repeat(43)}`]) {
      refused(t, await verify(odd), 400, 'INVALID_VERIFICATION_TOKEN')
      refused(t, await emails(built).confirm(odd), 400, 'INVALID_VERIFICATION_TOKEN')
    }
  })
})

t.test('links that are sent again are limited exactly', async (t) => {
  const built = await build(t, { PASSWORD_RESET_RATE_LIMIT_MAX: '3' })
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => emails(built).resend(`person${i}@example.com`)),
  )
  for (const answer of answers.filter(({ statusCode }) => statusCode !== 202)) {
    refused(t, answer, 429, 'PASSWORD_RESET_LIMIT_EXCEEDED')
  }
  t.equal(answers.filter(({ statusCode }) => statusCode === 202).length, 3)
})

t.test('a change of email', async (t) => {
  const built = await build(t)
  const { signedUp } = built
  const { box, confirm } = emails(built)
  const change = '/api/auth/email/change'

  t.test('waits for the new address, and is told to the old one', async (t) => {
    const ada = await signedUp('ada')
    const asked = await ada.post(change, { newEmail: ' Countess@example.com', password })
    t.equal(asked.statusCode, 202)
    const mail = await box.next('countess@example.com', confirmMail)
    t.match(mail.link, /\/confirm-email\?token=/)
    t.match((await ada.get('/api/profile')).json().data.user, { email: 'ada@example.com' })
    const answer = await confirm(mail.token)
    t.strictSame(answer.json(), { success: true, message: 'Email changed', data: {} })
    t.match((await ada.get('/api/profile')).json().data.user, {
      email: 'countess@example.com',
      emailVerified: true,
    })
    t.ok(await box.next('ada@example.com', 'Your email address was changed'))
    const login = (email: string) => built.client().post('/api/auth/login', { email, password })
    t.equal((await login('countess@example.com')).statusCode, 200)
    refused(t, await login('ada@example.com'), 401, 'INVALID_CREDENTIALS')
    refused(t, await confirm(mail.token), 400, 'INVALID_VERIFICATION_TOKEN')
    const next = await built.client().post('/api/auth/register', person('ada'))
    t.equal(next.statusCode, 201, 'the old address is free')
  })

  t.test('tells nobody but its owner that an address is taken', async (t) => {
    const bob = await signedUp('bob')
    await signedUp('carol')
    const taken = await bob.post(change, { newEmail: 'carol@example.com', password })
    const free = await bob.post(change, { newEmail: 'free@example.com', password })
    t.equal(taken.statusCode, 202)
    t.equal(taken.body, free.body)
    t.ok(await box.next('carol@example.com', 'This address has an account already'))
    const { token } = await box.next('free@example.com', confirmMail)
    t.equal((await confirm(token)).statusCode, 200)
  })

  t.test('is refused when somebody else has taken the address meanwhile', async (t) => {
    const dave = await signedUp('dave')
    await dave.post(change, { newEmail: 'eve@example.com', password })
    const { token } = await box.next('eve@example.com', confirmMail)
    await signedUp('eve')
    refused(t, await confirm(token), 400, 'INVALID_VERIFICATION_TOKEN')
    t.match((await dave.get('/api/profile')).json().data.user, { email: 'dave@example.com' })
  })

  t.test('needs the password, and an address', async (t) => {
    const frank = await signedUp('frank')
    const wrong = { newEmail: 'new@example.com', password: 'Wrong-Guess-1' }
    refused(t, await frank.post(change, wrong), 401, 'INVALID_CREDENTIALS')
    invalid(t, await frank.post(change, { newEmail: 'new', password }), ['newEmail'])
    invalid(t, await frank.post(change, { newEmail: 'new@example.com' }), ['password'])
    refused(t, await built.client().post(change, wrong), 401, 'NO_TOKEN')
    t.equal(box.to('new@example.com').length, 0)
  })

  t.test('to the address that one has mails nothing', async (t) => {
    const grace = await signedUp('grace')
    t.equal((await grace.post(change, { newEmail: 'grace@example.com', password })).statusCode, 202)
    await grace.post(change, { newEmail: 'hopper@example.com', password })
    await box.next('hopper@example.com', confirmMail)
    t.equal(box.to('grace@example.com', confirmMail).length, 0)
  })

  t.test('is void once the password changes, or another is asked for', async (t) => {
    const henry = await signedUp('henry')
    await henry.post(change, { newEmail: 'one@example.com', password })
    const first = await box.next('one@example.com', confirmMail)
    await henry.post(change, { newEmail: 'two@example.com', password })
    const second = await box.next('two@example.com', confirmMail)
    refused(t, await confirm(first.token), 400, 'INVALID_VERIFICATION_TOKEN')
    await henry.post('/api/auth/password/change', {
      currentPassword: password,
      newPassword: 'Quiet-Harbour-5',
    })
    refused(t, await confirm(second.token), 400, 'INVALID_VERIFICATION_TOKEN')
  })

  t.test('can be asked for ten times an hour', async (t) => {
    const ivy = await signedUp('ivy')
    const statuses = []
    for (let i = 0; i < 11; i++) {
      const answer = await ivy.post(change, { newEmail: `ivy${i}@example.com`, password })
      statuses.push(answer.statusCode)
    }
    t.strictSame(statuses, [...Array(10).fill(202), 429])
  })
})

t.test('the notices', async (t) => {
  t.test('tell of a sign-in on a device that is not known', async (t) => {
    const built = await build(t)
    const { box } = emails(built)
    const ada = await built.signedUp('ada')
    const { email } = person('ada')
    const browser = {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    }
    await ada.post('/api/auth/login', { email, password })
    await built.client().post('/api/auth/login', { email, password })
    await built.client(browser).post('/api/auth/login', { email, password })
    const mail = await box.next(email, 'A new sign-in')
    t.match(mail.source, 'Firefox, Linux')
    t.equal(box.to(email, 'A new sign-in').length, 1, 'none of the others was new')
  })

  t.test('tell of a session that was ended by reuse', async (t) => {
    const built = await build(t, { REFRESH_GRACE: '0s' })
    const ada = await built.signedUp('ada')
    const { refresh_token: old = '' } = ada.cookies()
    await ada.post('/api/auth/refresh')
    const thief = built.client({ cookie: `refresh_token=${old}` })
    refused(t, await thief.post('/api/auth/refresh'), 403, 'INVALID_REFRESH_TOKEN')
    t.ok(await emails(built).box.next('ada@example.com', 'A device was signed out'))
  })

  t.test('are sent only as configured', async (t) => {
    const built = await build(t, { MAIL_NOTICES: 'none' })
    const { box } = emails(built)
    const ada = await built.signedUp('ada')
    await ada.post('/api/auth/password/change', {
      currentPassword: password,
      newPassword: 'Quiet-Harbour-5',
    })
    await built.app.close()
    t.strictSame(
      box.to('ada@example.com').map(({ subject }) => subject),
      [verifyMail],
    )
  })
})
