import type { FastifyReply } from 'fastify'
import { canPreface, type FixedHeaders, PrefacedResponse } from '../src/prefaced-response.js'

const prefacedOf = ({ raw }: FastifyReply): PrefacedResponse | undefined =>
  canPreface && raw instanceof PrefacedResponse ? raw : undefined

/**
 * Sets headers that are the same in many answers, at no cost where the server is ours. Set one of them again
 * with `replaceHeaders` alone: else it would be sent twice.
 */
export const setFixedHeaders = (reply: FastifyReply, { fields, lines }: FixedHeaders): void => {
  const response = prefacedOf(reply)
  if (response === undefined) reply.headers(fields)
  else response.preface += lines
}

/** The same for one header whose value is made for the answer, of nothing that somebody has sent unchecked. */
export const setHarmlessHeader = (
  reply: FastifyReply,
  name: string,
  value: string | number,
): void => {
  const response = prefacedOf(reply)
  if (response === undefined) reply.header(name, value)
  else response.preface += `${name}: ${value}\r\n`
}

/** Whether a header has been set, in this way or in Fastify's. */
export const hasHeader = (reply: FastifyReply, name: string): boolean =>
  reply.hasHeader(name) || (prefacedOf(reply)?.preface.includes(`${name}: `) ?? false)

/** Sets headers in Fastify's way, whatever has set them before. */
export const replaceHeaders = (
  reply: FastifyReply,
  fields: Record<string, string | number>,
): FastifyReply => {
  const response = prefacedOf(reply)
  if (response !== undefined) {
    const names = Object.keys(fields).join('|')
    response.preface = response.preface.replace(new RegExp(`^(?:${names}): .*\r\n`, 'gim'), '')
  }
  return reply.headers(fields)
}
