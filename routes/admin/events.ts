import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { ValidationFailed } from '../../src/errors.js'
import { type EventType, eventTypes } from '../../src/events/security-event.js'
import { presentEvent } from '../present.js'
import {
  adminErrors,
  Event,
  NextCursor,
  paging,
  Query,
  readFailures,
  Success,
  signedIn,
  success,
} from '../schemas.js'

const schema = {
  ...signedIn,
  tags: ['admin'],
  summary: 'The newest security events, the newest first',
  description:
    'With a filter a page may be short, or empty, and not be the last: go on while there is a cursor.',
  querystring: Query({
    ...paging,
    type: Type.Optional(Type.Unsafe<EventType>({ type: 'string', enum: eventTypes })),
    userId: Type.Optional(Type.String({ maxLength: 64, description: 'Whom it is about' })),
  }),
  response: {
    200: Success(Type.Object({ events: Type.Array(Event), nextCursor: NextCursor })),
    ...readFailures(ValidationFailed, ...adminErrors),
  },
}

/** `GET /api/admin/events`. Registered inside the admin scope. */
const eventsRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/events', { schema }, async ({ query }) => {
    const { events, nextCursor = null } = await app.stores.events.list(query)
    return success('Security events', { events: events.map(presentEvent), nextCursor })
  })
}

export default eventsRoute
