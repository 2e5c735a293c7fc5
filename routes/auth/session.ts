import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { InvalidToken, NoToken, TokenExpired } from '../../src/errors.js'
import { isoTime, presentUser } from '../present.js'
import { readFailures, Success, success, User } from '../schemas.js'

const Session = Type.Object({
  sessionId: Type.String(),
  createdAt: Type.String({ format: 'date-time' }),
  expiresAt: Type.String({ format: 'date-time', description: 'Unless it is refreshed before' }),
  accessExpiresAt: Type.String({ format: 'date-time' }),
})

const schema = {
  summary: 'Who is signed in, and until when',
  tags: ['auth'],
  security: [{ cookie: [] }, { bearer: [] }],
  response: {
    200: Success(Type.Object({ user: User, session: Session }), 'Signed in'),
    ...readFailures(NoToken, TokenExpired, InvalidToken),
  },
}

/** `GET /api/auth/session`. Registered inside the private scope. */
const sessionRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/session', { schema }, async ({ user }) => {
    const { sessionId, createdAt, expiresAt, accessExpiresAt } = user.session
    const session = {
      sessionId,
      createdAt: isoTime(createdAt),
      expiresAt: isoTime(expiresAt),
      accessExpiresAt: isoTime(accessExpiresAt),
    }
    return success('Signed in', { user: presentUser(user), session })
  })
}

export default sessionRoute
