import t from 'tap'
import { cookieChanges, invalid, refused } from '../../support/answers.js'
import { build, password, person } from '../../support/app.js'

t.test('POST /api/auth/register', async (t) => {
  const { client, signedUp } = await build(t)
  const url = '/api/auth/register'

  t.test('makes an account and signs its owner in', async (t) => {
    const ada = client()
    const answer = await ada.post(url, person('ada'))
    t.equal(answer.statusCode, 201)
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
    const { user } = answer.json().data
    t.match(user, { userId: /^[A-Za-z0-9]{22}$/, createdAt: time, lastLoginAt: time })
    const { userId, createdAt, lastLoginAt } = user
    const seen = { email: 'ada@example.com', name: 'ada', role: 'user', emailVerified: false }
    t.strictSame(answer.json(), {
      success: true,
      message: 'Account created',
      data: { user: { userId, ...seen, createdAt, lastLoginAt }, expiresIn: 900 },
    })
    t.strictSame(cookieChanges(answer), { set: ['access_token', 'refresh_token'], cleared: [] })
    t.strictSame((await ada.get('/api/profile')).json().data, { user })
    t.match(await client().post('/api/auth/login', { email: user.email, password }), {
      statusCode: 200,
    })
  })

  t.test(
    'hands the tokens out in the body where the client asks for it, and no cookies',
    async (t) => {
      const app = client({ 'x-token-delivery': 'body' })
      const answer = await app.post(url, person('bob'))
      const { accessToken, refreshToken, ...data } = answer.json().data
      t.strictSame(Object.keys(data), ['user', 'expiresIn'])
      t.notOk('set-cookie' in answer.headers)
      t.match(await app.get('/api/profile', { authorization: `Bearer ${accessToken}` }), {
        statusCode: 200,
      })
      t.match(await app.post('/api/auth/refresh', { refreshToken }), { statusCode: 200 })
    },
  )

  t.test('any other delivery is by cookies', async (t) => {
    const answer = await client().post(url, person('eve'), { 'x-token-delivery': 'carrier pigeon' })
    t.strictSame(cookieChanges(answer).set, ['access_token', 'refresh_token'])
    t.strictSame(Object.keys(answer.json().data), ['user', 'expiresIn'])
  })

  t.test('tidies email and name, and takes the password as it is', async (t) => {
    const sent = {
      email: ' \tGrace.Hopper+Navy@Example.COM\u3000',
      password: ' Leinen-42 läßt ',
      name: '  Ame\u0301lie ',
    }
    const answer = await client().post(url, sent)
    t.match(answer.json().data.user, {
      email: 'grace.hopper+navy@example.com',
      name: 'Am\u00e9lie',
    })
    const login = (password: string) =>
      client().post('/api/auth/login', { email: sent.email, password })
    t.equal((await login(sent.password)).statusCode, 200)
    t.equal((await login(sent.password.trim())).statusCode, 401)
    t.equal((await login(sent.password.normalize('NFKD'))).statusCode, 200, 'however it is typed')
  })

  t.test('takes no email twice, in whatever case', async (t) => {
    await signedUp('carol')
    const answer = await client().post(url, { ...person('carol'), email: 'CAROL@EXAMPLE.com ' })
    refused(t, answer, 409, 'USER_EXISTS')
    t.notOk('set-cookie' in answer.headers)
  })

  t.test('takes dots and tags of an address for what they are: another address', async (t) => {
    for (const email of ['j.doe@gmail.com', 'jdoe@gmail.com', 'jdoe+a@gmail.com']) {
      t.equal((await client().post(url, { ...person('jane'), email })).statusCode, 201, email)
    }
  })

  t.test('of many at once with one email exactly one gets the account', async (t) => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client().post(url, person('dave'))),
    )
    const statuses = answers.map(({ statusCode }) => statusCode).sort()
    t.strictSame(statuses, [201, ...Array(7).fill(409)])
  })

  t.test('tells everything that is wrong, field by field', async (t) => {
    const answer = await client().post(url, { email: 'ada', password: 'brzkx', name: 'x' })
    t.notOk('set-cookie' in answer.headers)
    invalid(t, answer, ['email', 'name', ...Array(4).fill('password')])
    t.strictSame(answer.json().errors, [
      { field: 'email', message: 'Enter a valid email address' },
      { field: 'name', message: 'Use 2 to 50 characters' },
      { field: 'password', message: 'Use at least 8 characters' },
      { field: 'password', message: 'Add an upper-case letter' },
      { field: 'password', message: 'Add a digit' },
      { field: 'password', message: 'Add a special character, such as ! or a space' },
    ])
  })

  t.test('refuses what is not text of a sensible length', async (t) => {
    const wrong = [null, 1, true, '', ['a@b.example'], { a: 'b' }, 'x'.repeat(1_025)]
    for (const field of ['email', 'password', 'name']) {
      for (const value of wrong) {
        invalid(t, await client().post(url, { ...person('mallory'), [field]: value }), [field])
      }
      const { [field]: _, ...rest } = person('mallory') as Record<string, string>
      invalid(t, await client().post(url, rest), [field])
    }
  })

  t.test('refuses fields that it does not know, and names them', async (t) => {
    const more = { role: 'admin', isActive: true, emailVerified: true, userId: 'me' }
    invalid(t, await client().post(url, { ...person('mallory'), ...more }), Object.keys(more))
  })

  t.test('refuses passwords that are common, or made of the email or the name', async (t) => {
    const refuse = async (password: string, message: string, about = {}) => {
      const answer = await client().post(url, { ...person('mallory'), password, ...about })
      t.match(answer.json(), {
        code: 'VALIDATION_FAILED',
        errors: [{ field: 'password', message }],
      })
    }
    await refuse('Password123!', 'Choose a password that fewer people use')
    await refuse('1!Xx-MALLORY', 'Leave the first part of your email address out of the password')
    await refuse('1!Xx-ann smith', 'Leave your name out of the password', { name: 'Ann Smith' })
    await refuse(`Aa1!${'x'.repeat(125)}`, 'Use at most 128 characters')
  })
})

t.test('the shortest password is the configured one', async (t) => {
  const { client } = await build(t, { PASSWORD_MIN_LENGTH: '15' })
  const register = (password: string) =>
    client().post('/api/auth/register', { ...person('ada'), password })
  t.match((await register('Tree-Under-99x')).json(), {
    errors: [{ field: 'password', message: 'Use at least 15 characters' }],
  })
  t.equal((await register('Tree-Under-99xy')).statusCode, 201)
})

t.test('a sign-up whose account is taken away at once answers like a wrong password', async (t) => {
  const { app, client } = await build(t)
  app.stores.sessions.start = async () => 'account_changed'
  refused(t, await client().post('/api/auth/register', person('ada')), 401, 'INVALID_CREDENTIALS')
})
