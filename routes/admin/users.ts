import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { type Role, roles } from '../../src/accounts/account.js'
import { LastAdmin, UserNotFound, ValidationFailed } from '../../src/errors.js'
import { presentForAdmin } from '../present.js'
import {
  AdminUser,
  adminErrors,
  NextCursor,
  NoBody,
  paging,
  Query,
  readFailures,
  Success,
  signedIn,
  success,
  writeFailures,
} from '../schemas.js'
import { actorOf } from './actor.js'

const admins = { ...signedIn, tags: ['admin'] }
const Params = Type.Object({ userId: Type.String({ maxLength: 64 }) })
const RoleName = Type.Unsafe<Role>({ type: 'string', enum: roles })
const One = Type.Object({ user: AdminUser })

const list = {
  ...admins,
  summary: 'All accounts, the newest first',
  description:
    'With a filter a page may be short, or empty, and not be the last: go on while there is a cursor.',
  querystring: Query({
    ...paging,
    search: Type.Optional(
      Type.String({
        maxLength: 254,
        description: 'Begins the email, the name, or a word in the name, in any case',
      }),
    ),
    role: Type.Optional(RoleName),
    isActive: Type.Optional(Type.Boolean()),
  }),
  response: {
    200: Success(Type.Object({ users: Type.Array(AdminUser), nextCursor: NextCursor })),
    ...readFailures(ValidationFailed, ...adminErrors),
  },
}

const show = {
  ...admins,
  summary: 'One account',
  params: Params,
  response: {
    200: Success(One),
    ...readFailures(ValidationFailed, UserNotFound, ...adminErrors),
  },
}

const change = {
  ...admins,
  summary: 'Change the role of an account, or whether it may sign in',
  description: 'A deactivation ends all its sessions. With a new role they go on.',
  params: Params,
  body: Type.Object(
    { role: Type.Optional(RoleName), isActive: Type.Optional(Type.Boolean()) },
    { additionalProperties: false, minProperties: 1 },
  ),
  response: {
    200: Success(One, 'Changed'),
    ...writeFailures(UserNotFound, LastAdmin, ...adminErrors),
  },
}

const remove = {
  ...admins,
  summary: 'Delete an account',
  description: 'With its sessions and all personal data; security events keep its id.',
  params: Params,
  body: NoBody,
  response: {
    200: Success(Type.Object({}), 'Deleted'),
    ...writeFailures(UserNotFound, LastAdmin, ...adminErrors),
  },
}

const unlock = {
  ...admins,
  summary: 'Forget the failed sign-ins of an account',
  params: Params,
  body: NoBody,
  response: {
    200: Success(One, 'Unlocked'),
    ...writeFailures(UserNotFound, ...adminErrors),
  },
}

const endSessions = {
  ...admins,
  summary: 'Sign all devices of an account out',
  params: Params,
  body: NoBody,
  response: {
    200: Success(Type.Object({ revoked: Type.Integer({ description: 'How many sessions' }) })),
    ...writeFailures(UserNotFound, ...adminErrors),
  },
}

/** The accounts of others. Registered inside the admin scope. */
const usersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { administration } = app.accounts

  app.get('/users', { schema: list }, async ({ query }) => {
    const { accounts, nextCursor = null } = await administration.list(query)
    return success('Accounts', { users: accounts.map(presentForAdmin), nextCursor })
  })

  app.get('/users/:userId', { schema: show }, async ({ params }) => {
    const account = await administration.find(params.userId)
    return success('Account', { user: presentForAdmin(account) })
  })

  // Admins who end their own sessions by one of these have nothing left that the cookies could be for.

  app.patch('/users/:userId', { schema: change }, async (request, reply) => {
    const { params, body, user } = request
    const account = await administration.change(params.userId, body, actorOf(request))
    if (account.userId === user.userId && !account.isActive) reply.clearTokens()
    return success('Account changed', { user: presentForAdmin(account) })
  })

  app.delete('/users/:userId', { schema: remove }, async (request, reply) => {
    const { params, user } = request
    await administration.remove(params.userId, actorOf(request))
    if (params.userId === user.userId) reply.clearTokens()
    return success('Account deleted', {})
  })

  app.post('/users/:userId/unlock', { schema: unlock }, async (request) => {
    const account = await administration.unlock(request.params.userId, actorOf(request))
    return success('Account unlocked', { user: presentForAdmin(account) })
  })

  app.delete('/users/:userId/sessions', { schema: endSessions }, async (request, reply) => {
    const { params, user } = request
    const revoked = await administration.endSessions(params.userId, actorOf(request))
    if (params.userId === user.userId) reply.clearTokens()
    return success('Signed out everywhere', { revoked })
  })
}

export default usersRoutes
