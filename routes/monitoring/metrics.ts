import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { InvalidToken, NoToken, NotFound } from '../../src/errors.js'
import { contentType } from '../../src/metrics/snapshot.js'
import { readFailures } from '../schemas.js'

const schema = {
  summary: 'What is counted and measured',
  description: "Prometheus' text form; of all processes of a cluster together, whichever answers.",
  tags: ['health'],
  security: [{ bearer: [] }],
  response: {
    200: {
      description: 'The metrics',
      content: { [contentType]: { schema: Type.String() } },
    },
    ...readFailures(NoToken, InvalidToken, NotFound),
  },
}

/** `GET /metrics`. */
const metricsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/metrics',
    { schema, onRequest: app.requireMonitor, config: { quiet: true } },
    async (_request, reply) => {
      reply.header('Cache-Control', 'no-store').type(contentType)
      return app.metrics.text()
    },
  )
}

export default metricsRoute
