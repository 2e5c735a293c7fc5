import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import {
  AccountDeactivated,
  AccountLocked,
  AuthRateLimitExceeded,
  EmailNotVerified,
  InvalidCredentials,
  Overloaded,
} from '../../src/errors.js'
import { presentUser } from '../present.js'
import {
  Body,
  DeliveryHeader,
  Success,
  success,
  Text,
  Tokens,
  User,
  writeFailures,
} from '../schemas.js'

const schema = {
  summary: 'Sign in',
  tags: ['auth'],
  headers: DeliveryHeader,
  body: Body({ email: Text('In any case'), password: Text('As registered') }),
  response: {
    200: Success(Type.Object({ user: User, ...Tokens }), 'Signed in'),
    ...writeFailures(
      InvalidCredentials,
      AccountDeactivated,
      AccountLocked,
      AuthRateLimitExceeded,
      EmailNotVerified,
      Overloaded,
    ),
  },
}

/** `POST /api/auth/login` */
const loginRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/login', { schema }, async (request, reply) => {
    const { body, device, origin } = request
    const { account, tokens } = await app.limitFailures(origin, () =>
      app.sessions.signIn.withPassword({ ...body, device }, origin),
    )
    const delivered = reply.sendTokens(tokens)
    reply.rememberDevice(account.userId)
    const { expiresIn } = tokens.access
    return success('Signed in', { user: presentUser(account), expiresIn, ...delivered })
  })
}

export default loginRoute
