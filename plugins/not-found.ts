import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { NotFound } from '../src/errors.js'
import { sendFailure } from './errors.js'

/** Answers unknown URLs, under the same limits and the same watch as the rest: scanners live here. */
export default fp(
  async (app) => {
    const watch = async (request: FastifyRequest, reply: FastifyReply) => {
      for (const hook of [app.recognise, app.limitRequests, app.detectAnomaly]) {
        await new Promise<void>((resolve, reject) => {
          hook.call(app, request, reply, (error) => (error ? reject(error) : resolve()))
        })
      }
    }
    // Not in the handler's own `preHandler`: before it Fastify reads the body, and a body that it refuses
    // (415, 413) would be asked for without limit.
    app.addHook('onRequest', (request, reply, done) => {
      if (request.is404) watch(request, reply).then(() => done(), done)
      else done()
    })
    app.addHook('onError', async (request, reply, error) => {
      if (request.is404) await app.noteFailure(request, reply, error)
    })
    app.setNotFoundHandler((request, reply) => sendFailure(new NotFound(), request, reply))
  },
  { name: 'not-found', dependencies: ['errors', 'authenticate', 'limits', 'anomaly'] },
)
