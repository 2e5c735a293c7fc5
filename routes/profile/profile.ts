import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AccountLocked, InvalidCredentials, LastAdmin, Overloaded } from '../../src/errors.js'
import { knownAnswer } from '../known-answer.js'
import { presentUser } from '../present.js'
import {
  Body,
  guardErrors,
  readFailures,
  Success,
  signedIn,
  success,
  Text,
  User,
  writeFailures,
} from '../schemas.js'

const own = { ...signedIn, tags: ['profile'] }
const One = Type.Object({ user: User })

const show = {
  ...own,
  summary: 'Your own account',
  response: { 200: Success(One), ...readFailures(...guardErrors) },
}

const rename = {
  ...own,
  summary: 'Change your name',
  body: Body({ name: Text('2 to 50 characters') }),
  response: { 200: Success(One, 'Changed'), ...writeFailures(...guardErrors) },
}

const remove = {
  ...own,
  summary: 'Delete your account',
  description: 'With its sessions and all personal data; security events keep its id.',
  body: Body({ password: Text('As it is') }),
  response: {
    200: Success(Type.Object({}), 'Deleted'),
    ...writeFailures(InvalidCredentials, AccountLocked, LastAdmin, Overloaded, ...guardErrors),
  },
}

/** The caller's own account. Registered inside the private scope. */
const profileRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { answer, serializerCompiler } = knownAnswer(app, (user) =>
    success('Your profile', { user: presentUser(user) }),
  )
  const options = { schema: show, serializerCompiler, config: { servesUnconfirmed: true } } as const
  app.get('/', options, ({ user }) => answer(user))

  app.patch('/', { schema: rename }, async ({ user, body }) => {
    const account = await app.accounts.rename(user.userId, body.name)
    return success('Profile changed', { user: presentUser(account) })
  })

  app.delete('/', { schema: remove }, async ({ user, body, device, origin }, reply) => {
    const { password } = body
    await app.accounts.deleteOwn(user.userId, { password, device }, origin)
    reply.clearTokens()
    return success('Account deleted', {})
  })
}

export default profileRoutes
