import t, { type Test } from 'tap'
import { inRedis } from '../../support/accounts.js'
import { invalid, refused } from '../../support/answers.js'
import { type Built, build, password, person } from '../../support/app.js'
import { mailbox } from '../../support/mailbox.js'
import { startRedis } from '../../support/redis.js'

const newPassword = 'Velvet-Anchor-77'
const forgotten = 'Choose a new password'

const recovering = (built: Built) => {
  const { config, client } = built
  const box = mailbox(config.MAIL_OUTBOX_PATH)
  const forgot = (email: string) => client().post('/api/auth/password/forgot', { email })
  return {
    box,
    forgot,
    /** The token of the nth link that somebody has asked for. */
    asked: async (email: string, nth = 1): Promise<string> => {
      const answer = await forgot(email)
      if (answer.statusCode !== 202) throw new Error(answer.body)
      return (await box.next(email, forgotten, nth)).token
    },
    reset: (token: string, chosen = newPassword) =>
      client().post('/api/auth/password/reset', { token, newPassword: chosen }),
    login: (email: string, chosen: string) =>
      client().post('/api/auth/login', { email, password: chosen }),
  }
}

/** All of an answer that could tell one email from another. */
const seen = ({
  statusCode,
  body,
  headers,
}: Awaited<ReturnType<ReturnType<Built['client']>['get']>>) => {
  const { date: _, 'x-request-id': __, 'ratelimit-remaining': ___, ...rest } = headers
  return { statusCode, body, headers: rest }
}

t.test('a forgotten password', async (t) => {
  const built = await build(t)
  const { signedUp, app } = built
  const { box, forgot, asked, reset, login } = recovering(built)

  t.test('is reset by the link in the mail, which signs nobody in', async (t) => {
    const ada = await signedUp('ada')
    const { email } = person('ada')
    const answer = await forgot(' ADA@example.com')
    t.strictSame(answer.json(), {
      success: true,
      message: 'If there is an account with this email, a mail is on its way',
      data: {},
    })
    const mail = await box.next(email, forgotten)
    t.match(mail.link, /^http:\/\/localhost:5000\/reset-password\?token=[\w-]+\.[\w-]{43}$/)
    t.match(mail.source, /Auto-Submitted: auto-generated/)
    const done = await reset(mail.token)
    t.equal(done.statusCode, 200)
    t.notOk('set-cookie' in done.headers)
    t.strictSame(done.json().data, {})
    refused(t, await ada.get('/api/profile'), 401, 'INVALID_TOKEN')
    refused(t, await ada.post('/api/auth/refresh'), 403, 'INVALID_REFRESH_TOKEN')
    refused(t, await login(email, password), 401, 'INVALID_CREDENTIALS')
    const back = await login(email, newPassword)
    t.match(back.json().data.user, { emailVerified: true }, 'the mailbox was proved')
    t.ok(await box.next(email, 'Your password was changed'))
    refused(t, await reset(mail.token), 400, 'INVALID_RESET_TOKEN')
  })

  t.test('is not known of an email that has no account', async (t) => {
    await signedUp('bob')
    const known = await forgot('bob@example.com')
    const unknown = await forgot('nobody@example.com')
    t.equal(known.statusCode, 202)
    t.strictSame(seen(unknown), seen(known))
    await box.next('bob@example.com', forgotten)
    t.strictSame(box.to('nobody@example.com'), [])
  })

  t.test('can be asked for by nothing but an email', async (t) => {
    for (const email of [
      'ada',
      '',
      null,
      ['ada@example.com'],
      'ada@example.com\r\nBcc: x@y.example',
    ]) {
      const answer = await built.client().post('/api/auth/password/forgot', { email })
      invalid(t, answer, ['email'])
    }
  })

  t.test('a password that breaks the rules does not use the link up', async (t) => {
    await signedUp('carol')
    const token = await asked('carol@example.com')
    for (const poor of ['short', 'Password123!', '1!Xx-carol', 'x'.repeat(200)]) {
      const answer = await reset(token, poor)
      t.equal(answer.statusCode, 400, poor)
      t.match(answer.json(), { code: 'VALIDATION_FAILED', errors: [{ field: 'newPassword' }] })
    }
    t.equal((await reset(token)).statusCode, 200)
  })

  t.test('a newer link takes the place of an older one', async (t) => {
    await signedUp('dave')
    const older = await asked('dave@example.com', 1)
    const newer = await asked('dave@example.com', 2)
    t.not(older, newer)
    refused(t, await reset(older), 400, 'INVALID_RESET_TOKEN')
    t.equal((await reset(newer)).statusCode, 200)
  })

  t.test('a changed password makes the link void', async (t) => {
    const eve = await signedUp('eve')
    const token = await asked('eve@example.com')
    const change = { currentPassword: password, newPassword: 'Quiet-Harbour-5' }
    t.equal((await eve.post('/api/auth/password/change', change)).statusCode, 200)
    refused(t, await reset(token), 400, 'INVALID_RESET_TOKEN')
  })

  t.test('no other text is a link, and none costs a password hash', async (t) => {
    await signedUp('frank')
    const token = await asked('frank@example.com')
    const { token: verification } = await box.next('frank@example.com', 'Verify')
    const [userId = '', secret = ''] = token.split('.')
    app.hasher.hash = () => {
      throw new Error('It was hashed')
    }
    for (const odd of [
      'x',
      secret,
      `${userId}.`,
      `${userId}.${secret}x`,
      `${userId}.${'A'.repeat(43)}`,
      `nobody.${secret}`,
      `${token} `,
      verification,
      'é'.repeat(1_000),
    ]) {
      refused(t, await reset(odd), 400, 'INVALID_RESET_TOKEN')
    }
  })
})

t.test('a link is used up by one of fifty that use it at once, on two instances', async (t) => {
  const redis = await startRedis(t)
  const shared = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'one:' }
  const built = await build(t, shared)
  const other = await build(t, shared)
  await built.signedUp('ada')
  await recovering(built).forgot('ada@example.com')
  // Whichever instance was free has sent it.
  const token = await Promise.any([
    recovering(built).box.next('ada@example.com', forgotten),
    recovering(other).box.next('ada@example.com', forgotten),
  ]).then((mail) => mail.token)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      recovering(i % 2 === 0 ? built : other).reset(token, `${newPassword}-${i}`),
    ),
  )
  const won = answers.findIndex(({ statusCode }) => statusCode === 200)
  for (const [i, answer] of answers.entries()) {
    if (i !== won) refused(t, answer, 400, 'INVALID_RESET_TOKEN')
  }
  const login = await recovering(other).login('ada@example.com', `${newPassword}-${won}`)
  t.equal(login.statusCode, 200)
})

t.test('mails to reset a password are limited exactly', async (t) => {
  const limited = async (t: Test) => {
    const built = await build(t, { PASSWORD_RESET_RATE_LIMIT_MAX: '3', TRUST_PROXY: 'loopback' })
    const forgot = (email: string, from: string) =>
      built.client({ 'x-forwarded-for': from }).post('/api/auth/password/forgot', { email })
    return { ...built, forgot }
  }

  t.test('by address, however many ask at once', async (t) => {
    const { forgot } = await limited(t)
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => forgot(`person${i}@example.com`, '192.0.2.1')),
    )
    const statuses = answers.map(({ statusCode }) => statusCode).sort()
    t.strictSame(statuses, [...Array(3).fill(202), ...Array(7).fill(429)])
    const late = await forgot('late@example.com', '192.0.2.1')
    refused(t, late, 429, 'PASSWORD_RESET_LIMIT_EXCEEDED')
    t.equal(late.headers['ratelimit-limit'], '3')
    t.ok(Number(late.headers['retry-after']) > 3_500)
    t.equal((await forgot('late@example.com', '192.0.2.2')).statusCode, 202)
  })

  t.test('by email, from all addresses together, known or not', async (t) => {
    const { signedUp, forgot } = await limited(t)
    await signedUp('ada')
    for (const email of ['ada@example.com', 'nobody@example.com']) {
      const answers = []
      for (let i = 0; i < 4; i++) answers.push(await forgot(email, `198.51.100.${i}`))
      const statuses = answers.map(({ statusCode }) => statusCode)
      t.strictSame(statuses, [202, 202, 202, 429], email)
    }
  })
})

t.test('whoever resets a password is let in again', async (t) => {
  const redis = await startRedis(t)
  const built = await build(t, {
    REDIS_URL: redis.url,
    LOCKOUT_TIERS: '2:1h',
    ACCOUNT_FAILURE_MAX: '3',
  })
  const { asked, reset, login, box } = recovering(built)
  const ada = await built.signedUp('ada')
  const email = 'ada@example.com'
  for (let i = 0; i < 2; i++) await login(email, 'Wrong-Guess-1')
  t.equal((await login(email, password)).statusCode, 423)
  t.ok(await box.next(email, 'locked for a while'), 'the owner is told')
  t.equal((await reset(await asked(email))).statusCode, 200)
  t.equal((await login(email, newPassword)).statusCode, 200)

  t.test('but not if the account is deactivated', async (t) => {
    await inRedis(built, redis).deactivate(ada)
    t.equal((await reset(await asked(email, 2), 'Copper-Lantern-8')).statusCode, 200)
    refused(t, await login(email, 'Copper-Lantern-8'), 401, 'ACCOUNT_DEACTIVATED')
  })
})
