import type { FastifyReply } from 'fastify'
import { canPreface, type FixedHeaders, PrefacedResponse } from '../src/prefaced-response.js'

/**
 * Sets headers that are the same in many answers, at no cost where the server is ours. Nothing may set one of
 * them again later: it would be sent twice.
 */
export const setFixedHeaders = (reply: FastifyReply, { fields, lines }: FixedHeaders): void => {
  const { raw } = reply
  if (canPreface && raw instanceof PrefacedResponse) raw.preface += lines
  else reply.headers(fields)
}
