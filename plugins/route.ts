import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

type Route = FastifyRequest['routeOptions']

declare module 'fastify' {
  interface FastifyRequest {
    /** The same as `routeOptions`, which Fastify puts together anew whenever it is asked for. */
    readonly route: Route
    /** The same, once it was asked for. */
    knownRoute: Route | null
  }
}

/** Offers what is known of the route that a request has met. */
export default fp(
  async (app) => {
    app.decorateRequest('knownRoute', null)
    app.decorateRequest('route', {
      getter(this: FastifyRequest) {
        this.knownRoute ??= this.routeOptions
        return this.knownRoute
      },
    })
  },
  { name: 'route' },
)
