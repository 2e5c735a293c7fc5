import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { SessionNotFound } from '../../src/errors.js'
import type { Session } from '../../src/sessions/session.js'
import { isoTime } from '../present.js'
import {
  guardErrors,
  readFailures,
  Success,
  signedIn,
  success,
  Time,
  writeFailures,
} from '../schemas.js'

const OwnSession = Type.Object({
  sessionId: Type.String(),
  current: Type.Boolean({ description: 'The one that asks' }),
  createdAt: Time('When it was signed in'),
  lastSeenAt: Time('The last refresh'),
  ip: Type.String(),
  userAgent: Type.String(),
})

const list = {
  ...signedIn,
  tags: ['auth'],
  summary: 'Where you are signed in',
  response: {
    200: Success(Type.Object({ sessions: Type.Array(OwnSession) })),
    ...readFailures(...guardErrors),
  },
}

const end = {
  ...signedIn,
  tags: ['auth'],
  summary: 'Sign one device out',
  params: Type.Object({ sessionId: Type.String({ maxLength: 64 }) }),
  response: {
    200: Success(Type.Object({}), 'Ended'),
    ...writeFailures(SessionNotFound, ...guardErrors),
  },
}

const endAll = {
  ...signedIn,
  tags: ['auth'],
  summary: 'Sign all devices out, this one too',
  response: {
    200: Success(Type.Object({ revoked: Type.Integer({ description: 'How many sessions' }) })),
    ...writeFailures(...guardErrors),
  },
}

const present = (session: Session, current: string) => ({
  sessionId: session.sid,
  current: session.sid === current,
  createdAt: isoTime(session.createdAt),
  lastSeenAt: isoTime(session.rotatedAt),
  ip: session.ip,
  userAgent: session.userAgent,
})

/** The caller's own sessions. Registered inside the private scope. */
const sessionsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/sessions', { schema: list }, async ({ user }) => {
    const sessions = await app.sessions.own.list(user.userId)
    const current = user.session.sessionId
    return success('Your sessions', { sessions: sessions.map((one) => present(one, current)) })
  })

  app.delete('/sessions/:sessionId', { schema: end }, async ({ user, params, origin }, reply) => {
    await app.sessions.own.end(user, params.sessionId, origin)
    if (params.sessionId === user.session.sessionId) reply.clearTokens()
    return success('Session ended', {})
  })

  app.post('/logout-all', { schema: endAll }, async ({ user, origin }, reply) => {
    const revoked = await app.sessions.own.endAll(user, origin)
    reply.clearTokens()
    return success('Signed out everywhere', { revoked })
  })
}

export default sessionsRoutes
