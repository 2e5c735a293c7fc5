import t from 'tap'
import { refused } from '../../support/answers.js'
import { type Built, build, password, person } from '../../support/app.js'
import { mailbox } from '../../support/mailbox.js'

const verifyMail = 'Verify your email address'

const registering = (built: Built) => {
  const box = mailbox(built.config.MAIL_OUTBOX_PATH)
  const post = (url: string, body: object) => built.client().post(`/api/auth/${url}`, body)
  return {
    box,
    register: (name: string, more = {}) => post('register', { ...person(name), ...more }),
    login: (name: string, chosen = password) =>
      post('login', { email: person(name).email, password: chosen }),
    verify: async (name: string) => {
      const { token } = await box.next(person(name).email, verifyMail)
      return post('email/verify', { token })
    },
  }
}

t.test('REQUIRE_EMAIL_VERIFICATION=true', async (t) => {
  const built = await build(t, { REQUIRE_EMAIL_VERIFICATION: 'true' })
  const { register, login, verify, box } = registering(built)

  t.test('makes an account that nobody is signed in to', async (t) => {
    const answer = await register('ada')
    t.equal(answer.statusCode, 201)
    t.notOk('set-cookie' in answer.headers)
    t.strictSame(Object.keys(answer.json().data), ['user'])
    t.match(answer.json().data.user, { email: 'ada@example.com', emailVerified: false })
    const bob = await built
      .client({ 'x-token-delivery': 'body' })
      .post('/api/auth/register', person('bob'))
    t.strictSame(Object.keys(bob.json().data), ['user'])
  })

  t.test('lets its owner in once the link was followed, and only with the password', async (t) => {
    refused(t, await login('ada'), 403, 'EMAIL_NOT_VERIFIED')
    refused(t, await login('ada', 'Wrong-Guess-1'), 401, 'INVALID_CREDENTIALS')
    t.equal((await verify('ada')).statusCode, 200)
    t.equal((await login('ada')).statusCode, 200)
  })

  t.test('says that an email is taken', async (t) => {
    refused(t, await register('ada'), 409, 'USER_EXISTS')
    t.equal(box.to('ada@example.com').length, 1)
  })

  t.test('keeps nobody waiting for a mail that can not be queued', async (t) => {
    const { add } = built.app.stores.mails
    built.app.stores.mails.add = async () => 'full'
    t.teardown(() => Object.assign(built.app.stores.mails, { add }))
    refused(t, await register('carol'), 503, 'OVERLOADED')
    Object.assign(built.app.stores.mails, { add })
    await built.client().post('/api/auth/email/resend', { email: 'carol@example.com' })
    t.equal((await verify('carol')).statusCode, 200, 'the account is there')
  })
})

t.test('REGISTRATION=verified', async (t) => {
  const built = await build(t, { REGISTRATION: 'verified', AUTH_RATE_LIMIT_MAX: '3' })
  const { register, login, verify, box } = registering(built)

  t.test('answers alike for new and known emails, and mails the difference', async (t) => {
    const first = await register('ada')
    const second = await register('ada', { password: 'Quiet-Harbour-5' })
    t.equal(first.statusCode, 202)
    t.strictSame(first.json().data, {})
    t.equal(second.statusCode, 202)
    t.equal(second.body, first.body)
    for (const answer of [first, second]) t.notOk('set-cookie' in answer.headers)
    t.ok(await box.next('ada@example.com', verifyMail))
    t.ok(await box.next('ada@example.com', 'You have an account already'))
    t.equal(box.to('ada@example.com', verifyMail).length, 1)
  })

  t.test('lets in with the first password, once verified', async (t) => {
    refused(t, await login('ada'), 403, 'EMAIL_NOT_VERIFIED')
    refused(t, await login('ada', 'Quiet-Harbour-5'), 401, 'INVALID_CREDENTIALS')
    t.equal((await verify('ada')).statusCode, 200)
    t.equal((await login('ada')).statusCode, 200)
  })

  t.test('counts no registration as refused, which would tell', async (t) => {
    for (let i = 0; i < 6; i++) t.equal((await register('ada')).statusCode, 202)
  })

  t.test('hashes the password for both', async (t) => {
    const { hash } = built.app.hasher
    let hashed = 0
    built.app.hasher.hash = (...args) => {
      hashed += 1
      return hash(...args)
    }
    t.teardown(() => Object.assign(built.app.hasher, { hash }))
    await register('ada')
    await register('dave')
    t.equal(hashed, 2)
  })

  t.test('tells what is wrong with a registration all the same', async (t) => {
    t.equal((await register('eve', { password: 'short' })).json().code, 'VALIDATION_FAILED')
  })
})

t.test('REGISTRATION=closed registers nobody', async (t) => {
  const built = await build(t, { REGISTRATION: 'closed' })
  refused(t, await registering(built).register('ada'), 403, 'REGISTRATION_CLOSED')
})

t.test('a sign-up that is signed in at once does not fail with its mail', async (t) => {
  const built = await build(t)
  built.app.stores.mails.add = async () => 'full'
  t.equal((await registering(built).register('ada')).statusCode, 201)
  t.match(
    built.log.find(({ msg }) => msg === 'mail not queued'),
    { kind: 'verify-email' },
  )
})
