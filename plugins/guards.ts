// It declares `request.user`, and has to be known wherever the declarations of this file are.
/// <reference types="@fastify/jwt" preserve="true" />
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Role } from '../src/accounts/account.js'
import {
  GatehouseError,
  InsufficientPermissions,
  InternalError,
  NoToken,
  StoreUnavailable,
} from '../src/errors.js'
import { sendFailure } from './errors.js'

/** What `request.user` may be. Each of the two plugins that set it adds its own; see `RequestUser`. */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled by declaration merging
export interface UserTypes {}

/** Type of `request.user`: in a program with both plugins it is that of the app which signs people in. */
export type RequestUser = UserTypes extends { signedIn: infer User }
  ? User
  : UserTypes[keyof UserTypes]

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: lets only signed-in people through. Add it to a scope to make that private. */
    authenticate: onRequestHookHandler
    /** Hook factory: lets only these roles through; comes after `authenticate`. */
    authorize: (roles: Role[]) => onRequestHookHandler
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** Type of `request.user`: who is signed in. Reading it throws outside a private scope. */
    user: RequestUser
  }
}

/** Throws where an app has guards already, from a first registration or by somebody else. */
export const requireNames = (app: FastifyInstance): void => {
  for (const name of ['authenticate', 'authorize']) {
    if (!app.hasDecorator(name)) continue
    throw new Error(
      `app.${name} is taken: Gatehouse is registered here already, or another plugin is`,
    )
  }
}

/**
 * Offers `request.user`, and answers what is to be called when somebody is let through. Where there is one
 * already, by a @fastify/jwt of the app, it can't be declared again, but set.
 */
export const offerUser = <User>(
  app: FastifyInstance,
  userOf: (request: FastifyRequest) => User,
): ((request: FastifyRequest, user: User) => void) => {
  if (app.hasRequestDecorator('user')) {
    return (request, value) => {
      Object.defineProperty(request, 'user', { value, configurable: true, writable: true })
    }
  }
  app.decorateRequest('user', {
    getter(this: FastifyRequest) {
      // Each program has one type of user, and this is it.
      return userOf(this) as unknown as RequestUser
    },
  })
  return () => {}
}

/**
 * Gives an app of somebody else's the guards for its own routes. They answer refusals by themselves, in the
 * envelope and with its headers, because the app's error handler knows nothing of them; `denied` hears of
 * people who lack a role.
 */
export const lendGuards = <User extends { role: Role; unconfirmed?: true }>(
  app: FastifyInstance,
  { identify, denied }: { identify: Identify<User>; denied?: Denied<User> },
): void => {
  const known = new WeakMap<FastifyRequest, User>()
  const userOf = (request: FastifyRequest): User => {
    const user = known.get(request)
    if (user === undefined) throw new NoToken()
    return user
  }
  const show = offerUser(app, userOf)

  app.decorate(
    'authenticate',
    answering(async (request, reply) => {
      const user = await identify(request, reply)
      known.set(request, user)
      show(request, user)
    }),
  )
  app.decorate('authorize', (requiredRoles: Role[]) =>
    answering(async (request) => {
      const user = userOf(request)
      // The role may have been taken away since the store was asked; what is for all needs none.
      if (user.unconfirmed && !requiredRoles.includes('user')) throw new StoreUnavailable()
      if (requiredRoles.includes(user.role)) return
      denied?.(request, user)
      throw new InsufficientPermissions({ extras: { requiredRoles, userRole: user.role } })
    }),
  )
}

type Identify<User> = (request: FastifyRequest, reply: FastifyReply) => Promise<User>
type Denied<User> = (request: FastifyRequest, user: User) => void

/** The same check, which sends its refusals instead of throwing them. */
const answering =
  (check: (request: FastifyRequest, reply: FastifyReply) => Promise<void>): onRequestHookHandler =>
  (request, reply, done) => {
    const refuse = (error: unknown) => {
      const failure = error instanceof GatehouseError ? error : new InternalError({ cause: error })
      // Past the response schemas of the app's route, which would leave nothing of a body unknown to them.
      reply.type('application/json; charset=utf-8').serializer(JSON.stringify)
      sendFailure(failure, request, reply)
    }
    check(request, reply).then(() => done(), refuse)
  }
