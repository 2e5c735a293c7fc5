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
  description:
    'Makes an account, mails a link that verifies its email, and signs its owner in. With REQUIRE_EMAIL_VERIFICATION=true nobody is signed in, and there is no expiresIn; with REGISTRATION=verified the answer is 202, alike for new and known emails.',
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
    201: Success(
      Type.Object({ user: User, ...Tokens, expiresIn: Type.Optional(Tokens.expiresIn) }),
      'Signed up, and in',
    ),
    202: Success(Type.Object({}), 'The rest is in the mail'),
    ...writeFailures(UserExists, RegistrationClosed, AuthRateLimitExceeded, Overloaded),
  },
}

/** `POST /api/auth/register` */
const registerRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/register', { schema }, async (request, reply) => {
    const registered = await app.limitFailures(request.origin, () =>
      app.accounts.register(request.body, request.origin),
    )
    if (registered.outcome === 'mailed') {
      reply.code(202)
      return success('Look into your mailbox for what comes next', {})
    }
    reply.code(201)
    if (registered.outcome === 'unverified') {
      const user = presentUser(registered.account)
      return success('Account created, follow the link in your mailbox to verify your email', {
        user,
      })
    }
    const { account, tokens } = await app.sessions.signIn.start(registered.account, request.origin)
    const delivered = reply.sendTokens(tokens)
    reply.rememberDevice(account.userId)
    const { expiresIn } = tokens.access
    return success('Account created', { user: presentUser(account), expiresIn, ...delivered })
  })
}

export default registerRoute
