import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AccountLocked, InvalidCredentials, Overloaded } from '../../src/errors.js'
import {
  Body,
  DeliveryHeader,
  guardErrors,
  Success,
  signedIn,
  success,
  Text,
  Tokens,
  writeFailures,
} from '../schemas.js'

const change = {
  ...signedIn,
  summary: 'Change your password',
  description: 'Signs every other device out; this one gets a new session.',
  tags: ['auth'],
  headers: DeliveryHeader,
  body: Body({
    currentPassword: Text('As it is'),
    newPassword: Text('By the same rules as at registration'),
  }),
  response: {
    200: Success(Type.Object(Tokens), 'Changed'),
    ...writeFailures(InvalidCredentials, AccountLocked, Overloaded, ...guardErrors),
  },
}

/** `POST /api/auth/password/change`. Registered inside the private scope. */
const passwordRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/password/change', { schema: change }, async (request, reply) => {
    const { user, body, device, origin } = request
    const change = { ...body, device }
    const account = await app.accounts.changePassword(user.userId, change, origin)
    const { tokens } = await app.sessions.signIn.start(account, origin)
    const delivered = reply.sendTokens(tokens)
    return success('Password changed', { expiresIn: tokens.access.expiresIn, ...delivered })
  })
}

export default passwordRoutes
