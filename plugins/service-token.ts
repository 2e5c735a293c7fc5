import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { InvalidToken, NoToken } from '../src/errors.js'
import { bearerToken } from './request-tokens.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook factory: lets through only requests that bear this secret (RFC 6750, 2.1). */
    requireServiceToken: (secret: string) => (request: FastifyRequest) => Promise<void>
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Offers the guard of scopes that other services use. */
export default fp(
  async (app) => {
    app.decorate('requireServiceToken', (secret: string) => {
      const expected = digest(secret)
      return async ({ headers }: FastifyRequest) => {
        const sent = bearerToken(headers)
        if (sent === undefined) throw new NoToken()
        // Digests, so that neither the secret's bytes nor its length can be found out by time.
        if (!timingSafeEqual(digest(sent), expected)) throw new InvalidToken()
      }
    })
  },
  { name: 'service-token' },
)
