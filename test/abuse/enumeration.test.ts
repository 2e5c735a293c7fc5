import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { inRedis } from '../support/accounts.js'
import { type Built, build, eventually, password, person } from '../support/app.js'
import { startRedis } from '../support/redis.js'

/** Notices go out beside the answer, which does not wait for them. */
const isNotice = (job: string) => /^mails\.add (lockout|new-device)/.test(job)

/**
 * Notes, from now on, what requests have done for them: each operation of the store and each hash, in their
 * order. Two answers for which the same was done take the same time, whatever the machine.
 */
const noteWork = ({ stores, hasher }: FastifyInstance) => {
  const jobs: string[] = []
  const { accounts, sessions, recovery, lockout, attempts, mails } = stores
  const ports = { accounts, sessions, recovery, lockout, attempts, mails, hasher }
  for (const [name, port] of Object.entries(ports)) {
    const noted = Object.entries(port).map(([operation, run]) => [
      operation,
      (...given: unknown[]) => {
        const kind = name === 'mails' ? ` ${(given[1] as { kind?: string })?.kind}` : ''
        jobs.push(`${name}.${operation}${kind}`)
        return run(...given)
      },
    ])
    Object.assign(port, Object.fromEntries(noted))
  }
  // Sending looks for accounts; it happens apart from requests, and not here.
  mails.claim = async () => undefined
  return {
    of: async (ask: () => Promise<LightMyRequestResponse>) => {
      jobs.length = 0
      const answer = await ask()
      const { date: _, 'x-request-id': __, ...headers } = answer.headers
      const { requestId: ___, ...body } = answer.json()
      // Counts of the general limit fall from one request to the next, whoever is meant.
      delete headers['ratelimit-remaining']
      const work = jobs.filter((job) => !isNotice(job))
      return { status: answer.statusCode, headers, body, work }
    },
  }
}

/** Everybody whom a stranger must not be able to tell from the others. */
const everybody = ['ada', 'nobody', 'unverified', 'deactivated'] as const

const setUp = async (t: Test, variables = {}): Promise<Built> => {
  const redis = await startRedis(t)
  const built = await build(t, { REDIS_URL: redis.url, ...variables })
  for (const name of everybody) if (name !== 'nobody') await built.signedUp(name)
  const out = await built.signedIn('deactivated')
  await inRedis(built, redis).deactivate(out)
  await eventually(async () => (await built.app.mail.waiting()) === 0)
  return built
}

t.test('whatever is asked about an email, the same is answered and the same done', async (t) => {
  const { app, client } = await setUp(t)
  const { of } = noteWork(app)
  const post = (url: string, body: object) => of(() => client().post(url, body))

  const questions = {
    'signing in with a wrong password': async (email: string) =>
      post('/api/auth/login', { email, password: 'Wrong-Onion-31' }),
    'asking for a new password': async (email: string) =>
      post('/api/auth/password/forgot', { email }),
    'asking for another link': async (email: string) => post('/api/auth/email/resend', { email }),
  }
  const expected = {
    'signing in with a wrong password': {
      status: 401,
      work: [
        'attempts.reserve',
        'accounts.findByEmail',
        'lockout.reserve',
        'hasher.verify',
        'lockout.settle',
        'attempts.settle',
      ],
    },
    'asking for a new password': { status: 202 },
    'asking for another link': { status: 202 },
  }
  for (const [what, ask] of Object.entries(questions)) {
    t.test(what, async (t) => {
      const first = await ask(person('ada').email)
      t.match(first, expected[what as keyof typeof expected])
      t.ok(first.work.length > 0)
      for (const name of everybody) t.strictSame(await ask(person(name).email), first, name)
    })
  }
})

t.test('at a lock, and past the failures of all addresses, alike', async (t) => {
  const { app, client } = await setUp(t, {
    LOCKOUT_TIERS: '3:5m',
    ACCOUNT_FAILURE_MAX: '5',
    TRUST_PROXY: 'loopback',
  })
  const { of } = noteWork(app)
  const guess = (name: string, address: string, secret = 'Wrong-Onion-31') =>
    of(() =>
      client({ 'x-forwarded-for': address }).post('/api/auth/login', {
        email: person(name).email,
        password: secret,
      }),
    )
  /** What a stranger sees, with the seconds that pass meanwhile left out. */
  const seen = async (name: string) => {
    const all = []
    for (let i = 0; i < 4; i += 1) all.push(await guess(name, '192.0.2.1'))
    for (const last of [2, 3, 4]) all.push(await guess(name, `192.0.2.${last}`))
    all.push(await guess(name, '192.0.2.5', password))
    return JSON.parse(
      JSON.stringify(all).replace(/"(ratelimit-reset|retry-after)":("?)\d+\2/g, '"$1":0'),
    )
  }
  const first = await seen('ada')
  t.match(
    first.map(({ status }: { status: number }) => status),
    [401, 401, 401, 423, 401, 401, 423, 423],
    'the right password is not looked at either',
  )
  for (const name of everybody.slice(1)) t.strictSame(await seen(name), first, name)
})
