import type { FastifyRequest } from 'fastify'
import type { Actor } from '../../src/accounts/administration.js'

/** The admin who asks. */
export const actorOf = ({ user, origin }: FastifyRequest): Actor => ({
  origin,
  actorId: user.userId,
  reason: 'by_admin',
})
