import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import {
  InvalidRefreshToken,
  NoRefreshToken,
  RefreshFailed,
  RefreshRefused,
  RefreshUserNotFound,
} from '../../src/errors.js'
import {
  DeliveryHeader,
  OptionalBody,
  Success,
  success,
  Text,
  Tokens,
  writeFailures,
} from '../schemas.js'

const schema = {
  summary: 'Exchange the refresh token',
  description:
    'Hands out the next tokens of the session. Repeated within the grace period, it hands out the same ones.',
  tags: ['auth'],
  headers: DeliveryHeader,
  body: OptionalBody({
    refreshToken: Type.Optional(Text('Only from clients without cookies', 4_096)),
  }),
  response: {
    200: Success(Type.Object(Tokens), 'Refreshed'),
    ...writeFailures(NoRefreshToken, RefreshFailed, InvalidRefreshToken, RefreshUserNotFound),
  },
}

/** `POST /api/auth/refresh` */
const refreshRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/refresh', { schema }, async (request, reply) => {
    const sent = request.body?.refreshToken
    const presented = sent === undefined ? request.tokens.refresh : [sent]
    try {
      const { tokens } = await app.sessions.refresh(presented, request.origin)
      const delivered = reply.sendTokens(tokens)
      return success('Refreshed', { expiresIn: tokens.access.expiresIn, ...delivered })
    } catch (error) {
      // Nothing but a definite verdict takes the cookies away: an outage signs nobody out.
      if (error instanceof RefreshRefused) reply.clearTokens()
      throw error
    }
  })
}

export default refreshRoute
