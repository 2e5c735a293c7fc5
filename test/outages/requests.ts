import type { InjectOptions } from 'fastify'
import { type Device, password, person } from '../support/app.js'

/** Somebody who is signed in, and of whom the instance under test has heard nothing yet. */
export type Person = Device & { name: string }

/** What a route is asked in these tests. */
interface Sample {
  by: 'nobody' | 'user' | 'service'
  payload?: (who: Person) => object
  /** The URL, where it is not the route's own. */
  url?: (who: Person) => string
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
  'GET /api/profile': { by: 'user' },
  'POST /api/auth/introspect': {
    by: 'service',
    payload: (who) => ({ token: who.cookies('/').access_token }),
  },
  'GET /.well-known/jwks.json': { by: 'nobody' },
  'GET /health': { by: 'nobody' },
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
  const isSignedIn = sample.by === 'user'
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
