import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatehouseError } from '../src/errors.js'
import { catalogued, failureBody } from './error-answers.js'
import { replaceHeaders } from './fixed-headers.js'

/** Answers a failure in the one envelope; what is our own fault is logged with its cause. */
export const sendFailure = (
  error: Partial<FastifyError> | null,
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
    replaceHeaders(reply, {
      'RateLimit-Limit': max,
      'RateLimit-Remaining': 0,
      'RateLimit-Reset': reset,
    })
  }
  if (failure.retryAfter !== undefined) reply.header('Retry-After', failure.retryAfter)
  // A hook of an embedding app may have thrown before ours gave the answer its id.
  return replaceHeaders(reply, { 'Cache-Control': 'no-store', 'X-Request-ID': request.id })
    .code(failure.status)
    .send(failureBody(failure, request.id))
}

/** RFC 6750, 3: the error is named only when a token was sent. */
const challenge = (code: string): string =>
  code === 'INVALID_TOKEN' || code === 'TOKEN_EXPIRED'
    ? 'Bearer realm="gatehouse", error="invalid_token"'
    : 'Bearer realm="gatehouse"'

/**
 * Whether a request was refused by somebody else: a hook of the app that we are a part of, which runs for our
 * routes too. What Fastify itself refuses bears a code of its own.
 */
const isForeign = (error: Partial<FastifyError> | null): boolean => {
  const { statusCode = 500, validation, code = '' } = error ?? {}
  return (
    statusCode >= 400 && statusCode < 500 && validation === undefined && !code.startsWith('FST_')
  )
}

/** One envelope for thrown errors and refused input. A host's own refusals stay as the host answers them. */
export default fp<{ isPart: boolean }>(
  async (app, { isPart }) => {
    app.setErrorHandler((error: Partial<FastifyError> | null, request, reply) => {
      // What an error handler throws goes to the one around it.
      if (isPart && !(error instanceof GatehouseError) && isForeign(error)) throw error
      return sendFailure(error, request, reply)
    })
  },
  { name: 'errors', dependencies: ['request-id'] },
)
