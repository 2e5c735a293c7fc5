import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { SessionNotFound } from '../../src/errors.js'
import { presentSession } from '../present.js'
import {
  guardErrors,
  NoBody,
  OwnSession,
  readFailures,
  Success,
  signedIn,
  success,
  writeFailures,
} from '../schemas.js'

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
  body: NoBody,
  response: {
    200: Success(Type.Object({}), 'Ended'),
    ...writeFailures(SessionNotFound, ...guardErrors),
  },
}

const endAll = {
  ...signedIn,
  tags: ['auth'],
  summary: 'Sign all devices out, this one too',
  body: NoBody,
  response: {
    200: Success(Type.Object({ revoked: Type.Integer({ description: 'How many sessions' }) })),
    ...writeFailures(...guardErrors),
  },
}

/** The caller's own sessions. Registered inside the private scope. */
const sessionsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/sessions', { schema: list }, async ({ user }) => {
    const sessions = await app.sessions.own.list(user.userId)
    const current = user.session.sessionId
    return success('Your sessions', {
      sessions: sessions.map((one) => presentSession(one, current)),
    })
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
