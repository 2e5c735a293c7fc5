import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { InvalidToken, NoToken, TokenExpired } from '../../src/errors.js'
import { presentUser } from '../present.js'
import { readFailures, Success, success, User } from '../schemas.js'

const schema = {
  summary: 'Your own account',
  tags: ['profile'],
  security: [{ cookie: [] }, { bearer: [] }],
  response: {
    200: Success(Type.Object({ user: User })),
    ...readFailures(NoToken, TokenExpired, InvalidToken),
  },
}

/** `GET /api/profile`. Registered inside the private scope. */
const profileRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', { schema }, async ({ user }) => success('Your profile', { user: presentUser(user) }))
}

export default profileRoutes
