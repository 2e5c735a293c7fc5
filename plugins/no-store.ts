import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { fixedHeaders } from '../src/prefaced-response.js'
import { setFixedHeaders } from './fixed-headers.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: tells caches to keep nothing of the answer. */
    forbidStoring: onRequestHookHandler
  }
}

const noStore = fixedHeaders({ 'Cache-Control': 'no-store' })

/** Offers the word to caches (RFC 9111, 5.2.2.5). */
export default fp(
  async (app) => {
    app.decorate('forbidStoring', (_request, reply, done) => {
      setFixedHeaders(reply, noStore)
      done()
    })
  },
  { name: 'no-store' },
)
