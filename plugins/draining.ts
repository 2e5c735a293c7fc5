import type { IncomingMessage, ServerResponse } from 'node:http'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    draining: {
      /** Whether this instance is about to end: balancers are told by `/health/ready`. */
      isOn: () => boolean
      /** From now on it is; what arrives is served, and each answer asks its client to connect elsewhere. */
      begin: () => void
    }
  }
}

/** Offers the word that the instance is about to end. */
export default fp(
  async (app) => {
    let isOn = false
    app.addHook('preClose', async () => {
      isOn = true
    })
    app.decorate('draining', {
      isOn: () => isOn,
      begin: () => {
        isOn = true
        // Not a hook: nobody pays for it before.
        app.server.prependListener('request', (_: IncomingMessage, response: ServerResponse) => {
          response.setHeader('Connection', 'close')
        })
      },
    })
  },
  { name: 'draining' },
)
