import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { parse } from 'secure-json-parse'
import { ValidationFailed } from '../src/errors.js'
import { isWellFormed } from '../src/passwords/policy.js'

const utf8 = new TextDecoder('utf-8', { fatal: true })

const refuse = (message: string): never => {
  throw new ValidationFailed([{ field: 'body', message }])
}

/**
 * Takes JSON bodies and nothing else. Stricter than Fastify's own parser: bytes that are not UTF-8, and
 * strings that are not well-formed, would otherwise be folded into U+FFFD, where two passwords meet.
 */
export default fp(
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      async (_request: FastifyRequest, bytes: Buffer) => {
        let body: unknown
        try {
          body = parse(utf8.decode(bytes))
        } catch {
          return refuse('Send valid JSON in UTF-8')
        }
        for (const [field, value] of Object.entries(body ?? {})) {
          if (typeof value === 'string' && !isWellFormed(value)) {
            throw new ValidationFailed([{ field, message: 'Send well-formed Unicode' }])
          }
        }
        return body
      },
    )
  },
  { name: 'json-body' },
)
