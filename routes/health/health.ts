import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { readFailures, Success, success } from '../schemas.js'

const Status = Type.Object({ status: Type.Literal('ok') })
const ok = success('ok', { status: 'ok' as const })

const live = {
  summary: 'Whether the process runs',
  tags: ['health'],
  response: { 200: Success(Status) },
}

const ready = {
  summary: 'Whether requests should be sent here',
  description: '503 while the store does not answer.',
  tags: ['health'],
  response: { 200: Success(Status), ...readFailures() },
}

/** `GET /health/live` and `GET /health/ready`, for balancers and orchestrators. */
const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/live', { schema: live }, async () => ok)
  app.get('/ready', { schema: ready }, async () => {
    await app.stores.ping()
    return ok
  })
}

export default healthRoutes
