import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { InvalidToken, NoToken } from '../../src/errors.js'
import { Body, Text, writeFailures } from '../schemas.js'

/** As many tokens as one request may ask about. */
const batchMax = 100

const Token = Text('An access token', 4_096)
const Introspection = Type.Object(
  { active: Type.Boolean() },
  { additionalProperties: true, title: 'Introspection', description: 'RFC 7662, 2.2' },
)

const schema = {
  summary: 'Ask about tokens',
  description: 'For other services (RFC 7662); answers bare objects, in the order of the question.',
  tags: ['service'],
  security: [{ bearer: [] }],
  body: Type.Union([
    Body({ token: Token }),
    Body({ tokens: Type.Array(Token, { minItems: 1, maxItems: batchMax }) }),
  ]),
  response: {
    200: Type.Union([Introspection, Type.Object({ results: Type.Array(Introspection) })]),
    ...writeFailures(NoToken, InvalidToken),
  },
}

/** `POST /api/auth/introspect`. Registered inside the service scope. */
const introspectRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/introspect', { schema }, async ({ body }) => {
    if ('token' in body) return app.sessions.introspect(body.token)
    return { results: await Promise.all(body.tokens.map(app.sessions.introspect)) }
  })
}

export default introspectRoute
