import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Success, success, writeFailures } from '../schemas.js'

const schema = {
  summary: 'Sign out',
  description:
    'Ends the session and takes the cookies back; also without tokens, or with dead ones.',
  tags: ['auth'],
  body: Type.Unknown({ description: '{ refreshToken } from clients without cookies' }),
  response: { 200: Success(Type.Object({}), 'Signed out'), ...writeFailures() },
}

/** The refresh token of a body that may be anything. */
const sentToken = (body: unknown): string[] => {
  if (typeof body !== 'object' || body === null || !('refreshToken' in body)) return []
  return typeof body.refreshToken === 'string' ? [body.refreshToken] : []
}

/** `POST /api/auth/logout` */
const logoutRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/logout', { schema }, async (request, reply) => {
    const { access, refresh } = request.tokens
    const presented = { access, refresh: [...refresh, ...sentToken(request.body)] }
    await app.sessions.signOut(presented, request.origin)
    reply.clearTokens()
    return success('Signed out', {})
  })
}

export default logoutRoute
