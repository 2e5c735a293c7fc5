import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { presentUser } from '../present.js'
import { guardErrors, readFailures, Success, signedIn, success, User } from '../schemas.js'

const schema = {
  summary: 'Your own account',
  tags: ['profile'],
  ...signedIn,
  response: {
    200: Success(Type.Object({ user: User })),
    ...readFailures(...guardErrors),
  },
}

/** `GET /api/profile`. Registered inside the private scope. */
const profileRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', { schema }, ({ user }) => success('Your profile', { user: presentUser(user) }))
}

export default profileRoutes
