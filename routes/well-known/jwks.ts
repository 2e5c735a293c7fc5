import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { readFailures } from '../schemas.js'

/** How long others may keep the set, in seconds. A new key is published at least this long before it signs. */
const maxAge = 300

const schema = {
  summary: 'The keys that access tokens are verified with',
  description: 'A JWK Set (RFC 7517, 5); empty where tokens are signed with a shared secret.',
  tags: ['service'],
  response: {
    200: Type.Object({
      keys: Type.Array(
        Type.Object({ kid: Type.String(), kty: Type.String() }, { additionalProperties: true }),
      ),
    }),
    ...readFailures(),
  },
}

/** `GET /.well-known/jwks.json` */
const jwksRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/jwks.json', { schema }, async (_request, reply) => {
    reply.header('Cache-Control', `public, max-age=${maxAge}`)
    return app.tokens.publicKeys
  })
}

export default jwksRoute
