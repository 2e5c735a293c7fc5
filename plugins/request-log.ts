import fp from 'fastify-plugin'

/** One line for each request, when it is answered. Never the URL: its query may carry a token. */
export default fp(
  async (app) => {
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url
      const isHealth = route?.startsWith('/health') ?? false
      request.log[isHealth ? 'debug' : 'info'](
        {
          method: request.method,
          route: route ?? 'unknown',
          status: reply.statusCode,
          milliseconds: Math.round(reply.elapsedTime * 10) / 10,
        },
        'request',
      )
    })
  },
  { name: 'request-log' },
)
