import fp from 'fastify-plugin'
import { pino } from 'pino'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route that is asked again and again by machines: nothing of it is logged above debug. */
    quiet?: true
  }
}

/** One line for each request, when it is answered. Never the URL: its query may carry a token. */
export default fp(
  async (app) => {
    // A hook is a cost of every request, also where its line would go nowhere.
    const { [app.log.level]: level = Number.POSITIVE_INFINITY, info } = pino.levels.values
    if (level > Number(info)) return
    // Every field is one of ours, and none a secret: the search for such would cost more than the line.
    const log = app.log.child({}, { redact: [] })
    app.addHook('onResponse', (request, reply, done) => {
      const { url = 'unknown', config } = request.route
      log[config.quiet ? 'debug' : 'info'](
        {
          reqId: request.id,
          method: request.method,
          route: url,
          status: reply.statusCode,
          milliseconds: Math.round(reply.elapsedTime * 10) / 10,
          // Absent where nobody is signed in.
          userId: request.recognised?.userId,
        },
        'request',
      )
      done()
    })
  },
  { name: 'request-log', dependencies: ['route'] },
)
