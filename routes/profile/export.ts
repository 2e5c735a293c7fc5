import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Overloaded } from '../../src/errors.js'
import { presentEvent, presentForAdmin, presentSession } from '../present.js'
import {
  AdminUser,
  Event,
  guardErrors,
  OwnSession,
  readFailures,
  Success,
  signedIn,
  success,
} from '../schemas.js'

const schema = {
  ...signedIn,
  tags: ['profile'],
  summary: 'All that is stored on you',
  description:
    'The account, where it is signed in, and its security events as far as they are kept. Ten times an hour.',
  response: {
    200: Success(
      Type.Object({
        account: AdminUser,
        sessions: Type.Array(OwnSession),
        events: Type.Array(Event),
      }),
    ),
    ...readFailures(Overloaded, ...guardErrors),
  },
}

/** `GET /api/profile/export`. Registered inside the private scope. */
const exportRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/export', { schema }, async ({ user }) => {
    const { account, sessions, events } = await app.accounts.exportOwn(user.userId)
    const current = user.session.sessionId
    return success('Your data', {
      account: presentForAdmin(account),
      sessions: sessions.map((session) => presentSession(session, current)),
      events: events.map(presentEvent),
    })
  })
}

export default exportRoute
