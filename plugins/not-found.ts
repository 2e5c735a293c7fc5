import fp from 'fastify-plugin'
import { NotFound } from '../src/errors.js'
import { sendFailure } from './errors.js'

/** Answers unknown URLs, under the same limits and the same watch as the rest: scanners live here. */
export default fp(
  async (app) => {
    const preHandler = [app.recognise, app.limitRequests, app.detectAnomaly]
    app.setNotFoundHandler({ preHandler }, (request, reply) =>
      sendFailure(new NotFound(), request, reply),
    )
  },
  { name: 'not-found', dependencies: ['errors', 'authenticate', 'limits', 'anomaly'] },
)
