import type { HTTPMethods, LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { randomId } from '../../src/ids.js'
import { newAccount } from '../stores/subject.js'
import { build, password } from '../support/app.js'

/** Who asks. The subject is the user; the other one asks for what is the user's. */
const callers = ['anonymous', 'user', 'other', 'admin', 'deactivated', 'unverified'] as const
type Caller = (typeof callers)[number]

/** Somebody with a session, as a request may need to know them. */
interface Somebody {
  userId: string
  sessionId: string
  email: string
  accessToken: string
  refreshToken: string
}

/** Who a request is made by, and about: about themselves, unless it is the other one or an admin. */
interface Cast {
  caller: Somebody
  subject: Somebody
}

interface Row {
  /** The body. */
  send?: (cast: Cast) => unknown
  /** Status, and code if it is a failure, for each caller. */
  answers: Record<Caller, string>
}

const all = (answer: string): Record<Caller, string> => ({
  anonymous: answer,
  user: answer,
  other: answer,
  admin: answer,
  deactivated: answer,
  unverified: answer,
})

const nobody = { anonymous: '401 NO_TOKEN', deactivated: '401 INVALID_TOKEN' }
const denied = '403 INSUFFICIENT_PERMISSIONS'

type Send = Row['send']
const row = (answers: Row['answers'], send: Send): Row => (send ? { send, answers } : { answers })

/** The kinds of routes, by who gets `answer`; `unlike` says who gets another. */
const everybody = (answer: string, send?: Send, unlike: Partial<Row['answers']> = {}): Row =>
  row({ ...all(answer), ...unlike }, send)
const signedIn = (answer: string, send?: Send, unlike: Partial<Row['answers']> = {}): Row =>
  row({ ...all(answer), ...nobody, ...unlike }, send)
const admins = (answer: string, send?: Send): Row =>
  row({ ...all(denied), ...nobody, admin: answer }, send)
/** Routes that a secret opens, and nobody's token. */
const services: Row = row({ ...all('401 INVALID_TOKEN'), anonymous: '401 NO_TOKEN' }, undefined)

const newPassword = 'Velvet-Hammer-77'
/** The form of a link's token, which was never sent. */
const token = randomId()

/**
 * Every route, and what each caller is answered. A new route needs a line here; `HEAD` follows `GET`.
 * Addresses are unverified in an app that lets nobody sign in so: those who had signed in before stay.
 */
const rows: Record<string, Row> = {
  'POST /api/auth/register': everybody('201', () => ({
    email: `${randomId()}@example.com`,
    password,
    name: 'Grace',
  })),
  'POST /api/auth/login': everybody('200', ({ caller: { email } }) => ({ email, password }), {
    anonymous: '401 INVALID_CREDENTIALS',
    deactivated: '401 ACCOUNT_DEACTIVATED',
    unverified: '403 EMAIL_NOT_VERIFIED',
  }),
  'POST /api/auth/refresh': everybody('200', ({ caller: { refreshToken } }) => ({ refreshToken }), {
    anonymous: '403 REFRESH_FAILED',
    deactivated: '403 USER_NOT_FOUND',
  }),
  'POST /api/auth/logout': everybody('200'),
  'GET /api/auth/session': signedIn('200'),
  'GET /api/auth/sessions': signedIn('200'),
  'DELETE /api/auth/sessions/:sessionId': signedIn('200', undefined, {
    other: '404 SESSION_NOT_FOUND',
    admin: '404 SESSION_NOT_FOUND',
  }),
  'POST /api/auth/logout-all': signedIn('200'),
  'POST /api/auth/password/change': signedIn('200', () => ({
    currentPassword: password,
    newPassword,
  })),
  'POST /api/auth/password/forgot': everybody('202', ({ caller: { email } }) => ({ email })),
  'POST /api/auth/password/reset': everybody('400 INVALID_RESET_TOKEN', () => ({
    token,
    newPassword,
  })),
  'POST /api/auth/email/verify': everybody('400 INVALID_VERIFICATION_TOKEN', () => ({ token })),
  'POST /api/auth/email/resend': everybody('202', ({ caller: { email } }) => ({ email })),
  'POST /api/auth/email/confirm': everybody('400 INVALID_VERIFICATION_TOKEN', () => ({ token })),
  'POST /api/auth/email/change': signedIn('202', () => ({
    newEmail: `${randomId()}@example.com`,
    password,
  })),
  'GET /api/profile': signedIn('200'),
  'PATCH /api/profile': signedIn('200', () => ({ name: 'Grace' })),
  'DELETE /api/profile': signedIn('200', () => ({ password })),
  'GET /api/profile/export': signedIn('200'),
  'GET /api/admin/users': admins('200'),
  'GET /api/admin/users/:userId': admins('200'),
  'PATCH /api/admin/users/:userId': admins('200', () => ({ role: 'admin' })),
  'DELETE /api/admin/users/:userId': admins('200'),
  'POST /api/admin/users/:userId/unlock': admins('200'),
  'DELETE /api/admin/users/:userId/sessions': admins('200'),
  'GET /api/admin/events': admins('200'),
  'POST /api/auth/introspect': services,
  'GET /.well-known/jwks.json': everybody('200'),
  'GET /health': everybody('200'),
  'GET /health/live': everybody('200'),
  'GET /health/ready': everybody('200'),
  'GET /health/detailed': services,
  'GET /metrics': services,
  'GET /docs': everybody('200'),
  'GET /docs/json': everybody('200'),
  'GET /docs/yaml': everybody('200'),
  'GET /docs/static/index.html': everybody('302'),
  'GET /docs/static/swagger-initializer.js': everybody('200'),
  'GET /docs/static/theme/icon.svg': everybody('200'),
  'GET /docs/static/*': everybody('404 NOT_FOUND'),
}

const verdict = (answer: LightMyRequestResponse): string => {
  const { statusCode, headers, body } = answer
  const isJson = headers['content-type']?.toString().startsWith('application/json')
  const { code } = statusCode >= 400 && isJson && body !== '' ? answer.json() : {}
  return code === undefined ? String(statusCode) : `${statusCode} ${code}`
}

t.test('who may use which route', async (t) => {
  const { app, routes } = await build(t, {
    INTROSPECTION_TOKEN: 'Rw7Tq2Zx9Lk4Vb6Nm1Hs8Dj3Fg5Pc0Ya',
    MONITORING_TOKEN: 'Uz3Xe8Cr1Vt6By9Nu4Mi7Ko2Lp5Qa0Ws',
    REQUIRE_EMAIL_VERIFICATION: 'true',
    DOCS: 'true',
  })
  await app.ready()
  const passwordHash = await app.hasher.hash(password)
  const origin = { requestId: 'r-1', ip: '127.0.0.1', userAgent: 'test' }

  const somebody = async (details: Parameters<typeof newAccount>[0] = {}): Promise<Somebody> => {
    const account = newAccount({ emailVerified: true, passwordHash, ...details })
    await app.stores.accounts.create(account)
    const { tokens } = await app.sessions.signIn.start(account, origin)
    const [{ sid = '' } = {}] = await app.stores.sessions.list(account.userId)
    return {
      userId: account.userId,
      sessionId: sid,
      email: account.email,
      accessToken: tokens.access.token,
      refreshToken: tokens.refresh.token,
    }
  }
  // So that no admin of the test is the last one.
  await somebody({ role: 'admin' })

  const cast: Record<Caller, () => Promise<Cast>> = {
    anonymous: async () => {
      const subject = await somebody()
      const unknown = { userId: '', sessionId: '', accessToken: '', refreshToken: 'none' }
      return { subject, caller: { ...unknown, email: 'nobody@example.com' } }
    },
    user: async () => {
      const user = await somebody()
      return { caller: user, subject: user }
    },
    other: async () => ({ caller: await somebody(), subject: await somebody() }),
    admin: async () => ({ caller: await somebody({ role: 'admin' }), subject: await somebody() }),
    deactivated: async () => {
      const user = await somebody()
      await app.stores.accounts.change(user.userId, { isActive: false })
      return { caller: user, subject: user }
    },
    unverified: async () => {
      const user = await somebody({ emailVerified: false })
      return { caller: user, subject: user }
    },
  }

  const ask = (method: string, pattern: string, { caller, subject }: Cast, body: unknown) =>
    app.inject({
      // Only methods are in the table.
      method: method as HTTPMethods,
      url: pattern
        .replace(':userId', subject.userId)
        .replace(':sessionId', subject.sessionId)
        .replace('*', 'nothing'),
      headers: {
        ...(caller.accessToken !== '' && { authorization: `Bearer ${caller.accessToken}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    })

  // A preflight is answered before any route is looked at, and HEAD is GET without its body.
  const ours = [...routes].filter((route) => !/^(OPTIONS|HEAD) /.test(route))
  t.strictSame(
    ours.sort(),
    Object.keys(rows).sort(),
    'each route has a line, and each line a route',
  )
  const heads = [...routes].filter((route) => route.startsWith('HEAD '))
  t.strictSame(
    heads.filter((route) => !routes.has(route.replace('HEAD', 'GET'))),
    [],
  )

  for (const [route, { send, answers }] of Object.entries(rows)) {
    const [method = '', pattern = ''] = route.split(' ')
    t.test(route, async (t) => {
      for (const caller of callers) {
        const people = await cast[caller]()
        const answer = await ask(method, pattern, people, send?.(people))
        t.equal(verdict(answer), answers[caller], `${caller}: ${answer.body.slice(0, 200)}`)
        if (method !== 'GET') continue
        const head = await ask('HEAD', pattern, people, undefined)
        t.equal(head.statusCode, answer.statusCode, `${caller}, by HEAD`)
        t.equal(head.body, '')
      }
    })
  }

  t.test('an unknown member is refused, where a route needs no body too', async (t) => {
    const theirOwn = ['POST /api/auth/logout', 'POST /api/auth/introspect']
    for (const [route, { send }] of Object.entries(rows)) {
      const [method = '', pattern = ''] = route.split(' ')
      if (method === 'GET' || theirOwn.includes(route)) continue
      const people = await cast.admin()
      const answer = await ask(method, pattern, people, Object.assign({ odd: 1 }, send?.(people)))
      t.equal(verdict(answer), '400 VALIDATION_FAILED', route)
      t.match(answer.json().errors, [{ field: 'odd' }], route)
    }
  })
})
