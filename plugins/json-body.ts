import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { parse } from 'secure-json-parse'
import type { Config } from '../src/config/schema.js'
import { UnsupportedMediaType, ValidationFailed } from '../src/errors.js'
import { isWellFormed } from '../src/passwords/policy.js'

const utf8 = new TextDecoder('utf-8', { fatal: true })

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

/** Whether nothing follows the headers (RFC 9112, 6.3). */
const hasNoBody = ({
  'content-length': length = '0',
  'transfer-encoding': coding,
}: IncomingHttpHeaders) => coding === undefined && Number(length) === 0

/**
 * Takes JSON bodies and nothing else. What many clients send, a type without a body, is no body. Stricter than Fastify's own parser: bytes that are not UTF-8, and
 * strings that are not well-formed, would otherwise be folded into U+FFFD, where two passwords meet.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: config.BODY_LIMIT },
      async (_request: FastifyRequest, bytes: Buffer) => {
        if (bytes.length === 0) return undefined
        let body: unknown
        try {
          body = parse(utf8.decode(bytes))
        } catch {
          return refuse('body', 'Send valid JSON in UTF-8')
        }
        requireWellFormed(body)
        return body
      },
    )
    app.addContentTypeParser('*', (request, _payload, done) => {
      if (request.is404 || hasNoBody(request.headers)) done(null)
      else done(new UnsupportedMediaType())
    })
  },
  { name: 'json-body' },
)
