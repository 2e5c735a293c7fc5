import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import {
  AuthRateLimitExceeded,
  Overloaded,
  RegistrationClosed,
  UserExists,
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
  summary: 'Sign up',
  description: 'Makes an account and signs its owner in.',
  tags: ['auth'],
  headers: DeliveryHeader,
  body: Body({
    email: Text('A valid email address'),
    password: Text(
      '8 to 128 characters with lower and upper case, a digit and a special character',
    ),
    name: Text('2 to 50 characters'),
  }),
  response: {
    201: Success(Type.Object({ user: User, ...Tokens }), 'Signed up and in'),
    ...writeFailures(UserExists, RegistrationClosed, AuthRateLimitExceeded, Overloaded),
  },
}

/** `POST /api/auth/register` */
const registerRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/register', { schema }, async (request, reply) => {
    const registered = await app.limitFailures(request.origin, () =>
      app.accounts.register(request.body, request.origin),
    )
    const { account, tokens } = await app.sessions.signIn.start(registered, request.origin)
    const delivered = reply.sendTokens(tokens)
    reply.rememberDevice(account.userId)
    reply.code(201)
    const { expiresIn } = tokens.access
    return success('Account created', { user: presentUser(account), expiresIn, ...delivered })
  })
}

export default registerRoute
