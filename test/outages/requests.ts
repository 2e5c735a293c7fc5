import type { InjectOptions } from 'fastify'
import { type Device, password, person } from '../support/app.js'

/** Somebody who is signed in, and of whom the instance under test has heard nothing yet. */
export interface Person extends Device {
  name: string
  /** Of the link that was mailed, where the route wants one. */
  token?: string
}

const another = 'Velvet-Anchor-77'

/** What a route is asked in these tests. */
interface Sample {
  by: 'nobody' | 'user' | 'admin' | 'service'
  payload?: (who: Person) => object
  /** The URL, where it is not the route's own. */
  url?: (who: Person) => string
  /** The link that its token is from: how it is asked for, to whom it goes, and its mail's subject. */
  link?: (name: string) => { ask?: [url: string, body: object]; to: string; subject: string }
  /** What it answers when all is well, where that is not 200. */
  served?: number
}

/** One request for each route; a test sees that none is missing. */
export const samples: Record<string, Sample> = {
  'POST /api/auth/register': {
    by: 'nobody',
    payload: ({ name }) => person(`${name}-friend`),
    served: 201,
  },
  'POST /api/auth/login': {
    by: 'nobody',
    payload: ({ name }) => ({ email: person(name).email, password }),
  },
  'POST /api/auth/refresh': { by: 'user' },
  'POST /api/auth/logout': { by: 'user' },
  'POST /api/auth/logout-all': { by: 'user' },
  'GET /api/auth/session': { by: 'user' },
  'GET /api/auth/sessions': { by: 'user' },
  'DELETE /api/auth/sessions/:sessionId': {
    by: 'user',
    url: ({ sessionId }) => `/api/auth/sessions/${sessionId}`,
  },
  'POST /api/auth/password/change': {
    by: 'user',
    payload: () => ({ currentPassword: password, newPassword: `${password}-new` }),
  },
  'POST /api/auth/password/forgot': {
    by: 'nobody',
    payload: ({ name }) => ({ email: person(name).email }),
    served: 202,
  },
  'POST /api/auth/password/reset': {
    by: 'nobody',
    link: (name) => {
      const { email } = person(name)
      return { ask: ['password/forgot', { email }], to: email, subject: 'Choose a new password' }
    },
    payload: (who) => ({ token: who.token, newPassword: another }),
  },
  'POST /api/auth/email/verify': {
    by: 'nobody',
    link: (name) => ({ to: person(name).email, subject: 'Verify your email address' }),
    payload: (who) => ({ token: who.token }),
  },
  'POST /api/auth/email/resend': {
    by: 'nobody',
    payload: ({ name }) => ({ email: person(name).email }),
    served: 202,
  },
  'POST /api/auth/email/change': {
    by: 'user',
    payload: ({ name }) => ({ newEmail: person(`${name}-new`).email, password }),
    served: 202,
  },
  'POST /api/auth/email/confirm': {
    by: 'nobody',
    link: (name) => {
      const newEmail = person(`${name}-other`).email
      return {
        ask: ['email/change', { newEmail, password }],
        to: newEmail,
        subject: 'Confirm your new',
      }
    },
    payload: (who) => ({ token: who.token }),
  },
  'GET /api/profile': { by: 'user' },
  'PATCH /api/profile': { by: 'user', payload: () => ({ name: 'Another name' }) },
  'DELETE /api/profile': { by: 'user', payload: () => ({ password }) },
  'GET /api/profile/export': { by: 'user' },
  'GET /api/admin/users': { by: 'admin' },
  'GET /api/admin/users/:userId': { by: 'admin', url: (who) => `/api/admin/users/${who.userId}` },
  'PATCH /api/admin/users/:userId': {
    by: 'admin',
    url: (who) => `/api/admin/users/${who.userId}`,
    payload: () => ({ role: 'user' }),
  },
  'DELETE /api/admin/users/:userId': {
    by: 'admin',
    url: (who) => `/api/admin/users/${who.userId}`,
  },
  'POST /api/admin/users/:userId/unlock': {
    by: 'admin',
    url: (who) => `/api/admin/users/${who.userId}/unlock`,
  },
  'DELETE /api/admin/users/:userId/sessions': {
    by: 'admin',
    url: (who) => `/api/admin/users/${who.userId}/sessions`,
  },
  'GET /api/admin/events': { by: 'admin' },
  'POST /api/auth/introspect': {
    by: 'service',
    payload: (who) => ({ token: who.cookies('/').access_token }),
  },
  'GET /.well-known/jwks.json': { by: 'nobody' },
  'GET /health': { by: 'nobody' },
  'GET /health/detailed': { by: 'nobody' },
  'GET /metrics': { by: 'nobody' },
  'GET /health/live': { by: 'nobody' },
  'GET /health/ready': { by: 'nobody' },
}

export const serviceToken = 'Wd7Kf3Np9Rb5Tx1Zc8Vm4Qj6Hs2Ly0Ge'

/** The request itself, with what this person's browser would send along. */
export const requestOf = (route: string, who: Person): InjectOptions => {
  const [method = '', path = ''] = route.split(' ')
  const sample = samples[route]
  if (sample === undefined) throw new Error(`requests.ts has no sample of ${route}`)
  const url = sample.url?.(who) ?? path
  const isSignedIn = sample.by === 'user' || sample.by === 'admin'
  const cookies = Object.entries(who.cookies(url)).map((pair) => pair.join('='))
  return {
    method: method as 'GET',
    url,
    headers: {
      ...(isSignedIn && { cookie: cookies.join('; ') }),
      ...(sample.by === 'service' && { authorization: `Bearer ${serviceToken}` }),
    },
    ...(sample.payload !== undefined && { payload: sample.payload(who) }),
  }
}
