import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { knownAnswer } from '../known-answer.js'
import { isoTime, presentUser } from '../present.js'
import { guardErrors, readFailures, Success, signedIn, success, Time, User } from '../schemas.js'

const Session = Type.Object({
  sessionId: Type.String(),
  createdAt: Time('When it was signed in'),
  expiresAt: Time('When it ends unless it is refreshed before'),
  accessExpiresAt: Time('When the access token expires'),
})

const schema = {
  summary: 'Who is signed in, and until when',
  tags: ['auth'],
  ...signedIn,
  response: {
    200: Success(Type.Object({ user: User, session: Session }), 'Signed in'),
    ...readFailures(...guardErrors),
  },
}

/** `GET /api/auth/session`. Registered inside the private scope. */
const sessionRoute: FastifyPluginAsyncTypebox = async (app) => {
  const { answer, serializerCompiler } = knownAnswer(app, (user) => {
    const { sessionId, createdAt, expiresAt, accessExpiresAt } = user.session
    const session = {
      sessionId,
      createdAt: isoTime(createdAt),
      expiresAt: isoTime(expiresAt),
      accessExpiresAt: isoTime(accessExpiresAt),
    }
    return success('Signed in', { user: presentUser(user), session })
  })
  const options = { schema, serializerCompiler, config: { servesUnconfirmed: true } } as const
  app.get('/session', options, ({ user }) => answer(user))
}

export default sessionRoute
