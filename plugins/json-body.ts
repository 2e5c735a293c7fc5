import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { parse } from 'secure-json-parse'
import type { Config } from '../src/config/schema.js'
import { UnsupportedMediaType, ValidationFailed } from '../src/errors.js'
import { isWellFormed } from '../src/passwords/policy.js'

const refuse = (field: string, message: string): never => {
  throw new ValidationFailed([{ field, message }])
}

/** Refuses text that is not well-formed, however deep it lies. No recursion: the depth is the client's. */
const requireWellFormed = (body: unknown): void => {
  const left: { member: string; value: unknown }[] = [{ member: 'body', value: body }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { member, value } = next
    if (typeof value === 'string' && !isWellFormed(value)) {
      refuse(member, 'Send well-formed Unicode')
    }
    if (typeof value !== 'object' || value === null) continue
    for (const [name, inner] of Object.entries(value)) {
      left.push({ member: value === body ? name : member, value: inner })
    }
  }
}

const refuseText = (): never => refuse('body', 'Send valid JSON in UTF-8')

/** What a body says; undefined for one that is empty. Throws `ValidationFailed`, and nothing else. */
const read = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined
  if (!isUtf8(bytes)) return refuseText()
  let body: unknown
  try {
    body = parse(bytes.toString())
  } catch {
    return refuseText()
  }
  requireWellFormed(body)
  return body
}

/** Whether nothing follows the headers (RFC 9112, 6.3). */
const hasNoBody = ({
  'content-length': length = '0',
  'transfer-encoding': coding,
}: IncomingHttpHeaders) => coding === undefined && Number(length) === 0

/**
 * Takes JSON bodies and nothing else; a type without a body, which many clients send, is no body. Stricter
 * than Fastify's own parser: bytes that are not UTF-8, and strings that are not well-formed, would otherwise
 * be folded into U+FFFD, where two passwords meet.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: config.BODY_LIMIT },
      // With `done`: a promise would be another turn of the microtask queue for each request.
      (_request: FastifyRequest, bytes: Buffer, done) => {
        let body: unknown
        try {
          body = read(bytes)
        } catch (error) {
          return done(error as ValidationFailed)
        }
        done(null, body)
      },
    )
    app.addContentTypeParser('*', (request, _payload, done) => {
      if (request.is404 || hasNoBody(request.headers)) done(null)
      else done(new UnsupportedMediaType())
    })
  },
  { name: 'json-body' },
)
