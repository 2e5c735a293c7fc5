import { readFileSync } from 'node:fs'
import t from 'tap'
import { build, person } from '../support/app.js'

const read = <Data>(file: string): Data =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))

t.test('naughty strings', async (t) => {
  const { app, client, log } = await build(t, {
    LOG_LEVEL: 'info',
    HASH_QUEUE_MAX: '10000',
    TRUST_PROXY: 'loopback',
  })
  const strings = read<string[]>('naughty-strings.json')
  t.ok(strings.length > 500)
  const each = <Result>(ask: (string: string, index: number) => Promise<Result>) =>
    Promise.all(strings.map(ask))
  let senders = 0
  /** Each from an address of its own, as what is refused is counted by address. */
  const post = (url: string, body: object) => {
    const sender = ++senders
    return client({ 'x-forwarded-for': `10.0.${sender >> 8}.${sender & 255}` }).post(url, body)
  }
  const register = (about: Record<string, string>) =>
    post('/api/auth/register', { ...person('ada'), ...about })

  t.test('are no emails', async (t) => {
    const taken = await each(async (email) => {
      const { code, errors } = (await register({ email })).json()
      const login = await post('/api/auth/login', { email, password: 'x' })
      const isRefused = code === 'VALIDATION_FAILED' && errors[0].field === 'email'
      return isRefused && login.statusCode === 400 ? [] : email
    })
    t.strictSame(taken.flat(), [])
  })

  t.test('as names are shown as they were given, or refused', async (t) => {
    const outcomes = await each(async (name, i) => {
      const answer = await register({ email: `name${i}@example.com`, name })
      if (answer.statusCode === 400) return 'refused'
      const isSame = answer.json().data?.user.name === name.trim().normalize('NFC')
      return isSame ? 'taken' : { name, answer: answer.body }
    })
    t.strictSame(new Set(outcomes), new Set(['taken', 'refused']))
    t.ok(outcomes.filter((outcome) => outcome === 'taken').length > 300)
  })

  t.test('as passwords open the account again, or are refused', async (t) => {
    const outcomes = await each(async (string, i) => {
      // By themselves few have all kinds of characters.
      const password = i % 2 === 0 ? string : `Xy7!${string}`
      const email = `p${i}@example.com`
      const { statusCode } = await register({ email, password })
      if (statusCode === 400) return 'refused'
      const login = async (password: string) =>
        (await post('/api/auth/login', { email, password })).statusCode
      const statuses = [statusCode, await login(password), await login(`${password}.`)].join()
      return statuses === '201,200,401' ? 'taken' : { password, statuses }
    })
    t.strictSame(new Set(outcomes), new Set(['taken', 'refused']))
    t.ok(outcomes.filter((outcome) => outcome === 'taken').length > 150)
  })

  t.test('as tokens are refused', async (t) => {
    const statuses = await each(async (string) => {
      const value = Buffer.from(string).toString('latin1')
      const asked = [
        await client().get('/api/profile', { authorization: `Bearer ${value}` }),
        await client().get('/api/profile', { cookie: `access_token=${value}` }),
        // An empty one is no text of the length that the schema asks for.
        await client().post('/api/auth/refresh', { refreshToken: string || 'x' }),
      ]
      return asked.map(({ statusCode }) => statusCode).join()
    })
    t.strictSame(new Set(statuses), new Set(['401,401,403']))
  })

  t.test('elsewhere in a request do no harm', async (t) => {
    const answers = await each((string) => {
      const value = Buffer.from(string).toString('latin1')
      const query = encodeURIComponent(string)
      const requests = [
        { url: `/api/profile?${query}&a=${query}&a[]=${query}` },
        { url: `/${query}` },
        { url: '/health/live', headers: { 'user-agent': value, 'x-request-id': value } },
        { url: '/api/profile', headers: { 'x-forwarded-for': value, origin: value } },
      ]
      return Promise.all(requests.map((request) => app.inject(request)))
    })
    const failed = answers.flat().filter(({ statusCode }) => statusCode >= 500)
    t.strictSame(failed, [])
  })

  t.test('leave whole lines in the log', async (t) => {
    // Each line was parsed as JSON when it was written.
    t.ok(log.length > 1_000)
    t.ok(log.every((line) => typeof line.msg === 'string'))
    t.notOk(log.some(({ level }) => Number(level) >= 50))
  })
})

t.test('email addresses, to sign up with', async (t) => {
  const { client } = await build(t)
  const categories = read<Record<string, Record<string, string>>>('email-addresses.json')
  const isTaken = async (email: string): Promise<boolean> => {
    const { statusCode } = await client().post('/api/auth/register', { ...person('ada'), email })
    t.ok([201, 400, 409].includes(statusCode))
    return statusCode !== 400
  }
  const takenOf = async (category: string): Promise<string[]> => {
    const taken = []
    for (const [id, address] of Object.entries(categories[category] ?? {})) {
      if (await isTaken(address)) taken.push(`${id} ${address}`)
    }
    return taken
  }

  t.test('are refused where they are none by any standard', async (t) => {
    t.strictSame(await takenOf('ERR'), [])
  })

  t.test('are taken where they are good, or only their domain is not known', async (t) => {
    for (const category of ['VALID_CATEGORY', 'DNSWARN']) {
      const all = Object.keys(categories[category] ?? {}).length
      t.equal((await takenOf(category)).length, all, category)
    }
  })

  t.test('are refused where browsers refuse them, whatever RFC 5322 says', async (t) => {
    t.strictSame(await takenOf('RFC5322'), [])
    t.strictSame(await takenOf('DEPREC'), [])
    t.strictSame(
      await takenOf('CFWS'),
      ['157  test@iana.org', '158 test@iana.org '],
      'but for blanks around them, which are trimmed',
    )
    t.strictSame(
      await takenOf('RFC5321'),
      ['23 test@iana.123', '24 test@255.255.255.255', '166 test@org'],
      'but for odd domains, which browsers take',
    )
  })
})
