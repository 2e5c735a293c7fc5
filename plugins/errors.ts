import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { catalogued, failureBody } from './error-answers.js'

/** Answers a failure in the one envelope; what is our own fault is logged with its cause. */
export const sendFailure = (
  error: Partial<FastifyError>,
  request: FastifyRequest,
  reply: FastifyReply,
) => {
  const failure = catalogued(error)
  if (failure.status >= 500) {
    const level = failure.status === 500 ? 'error' : 'warn'
    request.log[request.routeOptions.config.quiet ? 'debug' : level](
      { err: failure.cause ?? failure, code: failure.code },
      'request failed',
    )
  }
  if (failure.status === 401) reply.header('WWW-Authenticate', challenge(failure.code))
  if (failure.limit !== undefined) {
    const { max, reset } = failure.limit
    reply.headers({ 'RateLimit-Limit': max, 'RateLimit-Remaining': 0, 'RateLimit-Reset': reset })
  }
  if (failure.retryAfter !== undefined) reply.header('Retry-After', failure.retryAfter)
  return reply
    .header('Cache-Control', 'no-store')
    .code(failure.status)
    .send(failureBody(failure, request.id))
}

/** RFC 6750, 3: the error is named only when a token was sent. */
const challenge = (code: string): string =>
  code === 'INVALID_TOKEN' || code === 'TOKEN_EXPIRED'
    ? 'Bearer realm="gatehouse", error="invalid_token"'
    : 'Bearer realm="gatehouse"'

/** One envelope for thrown errors and refused input. */
export default fp(
  async (app) => {
    app.setErrorHandler(sendFailure)
  },
  { name: 'errors', dependencies: ['request-id'] },
)
