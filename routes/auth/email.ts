import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import {
  AccountLocked,
  GatehouseError,
  InvalidCredentials,
  InvalidVerificationToken,
  NoToken,
  Overloaded,
  PasswordResetLimitExceeded,
} from '../../src/errors.js'
import {
  Body,
  guardErrors,
  OptionalBody,
  Success,
  signedIn,
  success,
  Text,
  writeFailures,
} from '../schemas.js'

const token = Text('Of the link: once, within 24 hours')

const verify = {
  summary: 'Verify your email with a link',
  tags: ['auth'],
  body: Body({ token }),
  response: {
    200: Success(Type.Object({}), 'Verified'),
    ...writeFailures(InvalidVerificationToken),
  },
}

const resend = {
  summary: 'Have the link that verifies your email mailed again',
  description:
    'Signed in: for oneself. Else the answer is the same whether the email has an account, and whether it is verified, or not.',
  tags: ['auth'],
  body: OptionalBody({ email: Type.Optional(Text('In any case; unless you are signed in')) }),
  response: {
    202: Success(Type.Object({}), 'If there is anything to verify, a mail is on its way'),
    ...writeFailures(PasswordResetLimitExceeded, Overloaded, ...guardErrors),
  },
}

const change = {
  ...signedIn,
  summary: 'Change your email',
  description:
    'Mails a link to the new address, which becomes yours once the link is followed. The answer is the same whether the address is taken or not.',
  tags: ['auth'],
  body: Body({ newEmail: Text('A valid email address'), password: Text('As it is') }),
  response: {
    202: Success(Type.Object({}), 'A mail to the new address is on its way'),
    ...writeFailures(InvalidCredentials, AccountLocked, Overloaded, ...guardErrors),
  },
}

const confirm = {
  summary: 'Confirm your new email with a link',
  description: 'Refused also where somebody else has the address by now. The old address is told.',
  tags: ['auth'],
  body: Body({ token }),
  response: {
    200: Success(Type.Object({}), 'Changed'),
    ...writeFailures(InvalidVerificationToken),
  },
}

/** `POST /api/auth/email/verify`, `/resend` and `/confirm`, for whoever has a link or wants one. */
const emailRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/email/verify', { schema: verify }, async ({ body, origin }) => {
    await app.accounts.verifyEmail.verify(body.token, origin)
    return success('Email verified', {})
  })

  app.post(
    '/email/resend',
    { schema: resend, onRequest: app.recognise },
    async (request, reply) => {
      const { recognised, finding, body, origin } = request
      const email = recognised?.email ?? body?.email
      // Nobody is signed in, and nobody named: what was found out about the token, or that there is none.
      if (email === undefined) throw finding instanceof GatehouseError ? finding : new NoToken()
      await app.accounts.verifyEmail.resend({ email }, origin)
      reply.code(202)
      return success('If this email is still to be verified, a mail is on its way', {})
    },
  )

  app.post('/email/confirm', { schema: confirm }, async ({ body, origin }) => {
    await app.accounts.changeEmail.confirm(body.token, origin)
    return success('Email changed', {})
  })
}

/** `POST /api/auth/email/change`. Registered inside the private scope. */
export const emailChangeRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/email/change', { schema: change }, async ({ user, body, device, origin }, reply) => {
    await app.accounts.changeEmail.ask(user.userId, { ...body, device }, origin)
    reply.code(202)
    return success('A mail to the new address is on its way', {})
  })
}

export default emailRoutes
