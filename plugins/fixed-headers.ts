import type { FastifyReply } from 'fastify'
import { canPreface, type FixedHeaders, PrefacedResponse } from '../src/prefaced-response.js'

const prefacedOf = ({ raw }: FastifyReply): PrefacedResponse | undefined =>
  canPreface && raw instanceof PrefacedResponse ? raw : undefined

/**
 * Sets headers that are the same in many answers, at no cost where the server is ours. Nothing may set one of
 * them again later: it would be sent twice.
 */
export const setFixedHeaders = (reply: FastifyReply, { fields, lines }: FixedHeaders): void => {
  const response = prefacedOf(reply)
  if (response === undefined) reply.headers(fields)
  else response.preface += lines
}

/** The same for the request's id, which is harmless in a header: see plugins/request-id.ts. */
export const setRequestId = (reply: FastifyReply, id: string): void => {
  const response = prefacedOf(reply)
  if (response === undefined) reply.header('X-Request-ID', id)
  else response.preface += `X-Request-ID: ${id}\r\n`
}

/** Whether headers have been set in this way. */
export const hasFixedHeaders = (reply: FastifyReply): boolean =>
  (prefacedOf(reply)?.preface ?? '') !== ''
