import { randomUUID } from 'node:crypto'
import fp from 'fastify-plugin'
import { setHarmlessHeader } from './fixed-headers.js'

const acceptable = /^[A-Za-z0-9._-]{1,128}$/

/** The incoming id if it is harmless in a log and a header, else a new one. */
export const requestId = (incoming: string | string[] | undefined): string =>
  typeof incoming === 'string' && acceptable.test(incoming) ? incoming : randomUUID()

/** Gives every request an id, and every answer that id. */
export default fp(
  async (app) => {
    app.setGenReqId((request) => requestId(request.headers['x-request-id']))
    app.addHook('onRequest', (request, reply, done) => {
      setHarmlessHeader(reply, 'X-Request-ID', request.id)
      done()
    })
  },
  { name: 'request-id' },
)
