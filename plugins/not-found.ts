import fp from 'fastify-plugin'
import { NotFound } from '../src/errors.js'
import { sendFailure } from './errors.js'

/** Answers unknown URLs, under the same limits and the same watch as the rest: scanners live here. */
export default fp(
  async (app) => {
    // Not in the handler's own `preHandler`: before it Fastify reads the body, and a body that it refuses
    // (415, 413) would be asked for without limit.
    app.addHook('onRequest', async (request, reply) => {
      if (!request.is404) return
      await app.recognise(request)
      await app.limitRequests(request, reply)
      await app.detectAnomaly(request, reply)
    })
    app.addHook('onError', async (request, reply, error) => {
      if (request.is404) await app.noteFailure(request, reply, error)
    })
    app.setNotFoundHandler((request, reply) => sendFailure(new NotFound(), request, reply))
  },
  { name: 'not-found', dependencies: ['errors', 'authenticate', 'limits', 'anomaly'] },
)
