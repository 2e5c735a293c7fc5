import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import {
  AccountLocked,
  InvalidCredentials,
  InvalidResetToken,
  Overloaded,
  PasswordResetLimitExceeded,
} from '../../src/errors.js'
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

const forgot = {
  summary: 'Ask for a link to choose a new password',
  description: 'The answer is the same whether the email has an account or not.',
  tags: ['auth'],
  body: Body({ email: Text('In any case') }),
  response: {
    202: Success(Type.Object({}), 'If there is such an account, a mail is on its way'),
    ...writeFailures(PasswordResetLimitExceeded, Overloaded),
  },
}

const reset = {
  summary: 'Choose a new password with a link',
  description:
    'Signs every device out, and nobody in. A password that breaks the rules does not use the link up.',
  tags: ['auth'],
  body: Body({
    token: Text('Of the link: once, within an hour'),
    newPassword: Text('By the same rules as at registration'),
  }),
  response: {
    200: Success(Type.Object({}), 'Set'),
    ...writeFailures(InvalidResetToken, Overloaded),
  },
}

/** `POST /api/auth/password/forgot` and `/reset`, for those who can't sign in. */
export const recoveryRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/password/forgot', { schema: forgot }, async ({ body, origin }, reply) => {
    await app.accounts.recoverPassword.ask(body.email, origin)
    reply.code(202)
    return success('If there is an account with this email, a mail is on its way', {})
  })

  app.post('/password/reset', { schema: reset }, async ({ body, origin }) => {
    await app.accounts.recoverPassword.reset(body.token, body.newPassword, origin)
    return success('Password set, sign in with it', {})
  })
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
