import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { NotFound } from '../src/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: lets through only who may see how the server is. */
    requireMonitor: (request: FastifyRequest) => Promise<void>
  }
}

/** What proxies add. Whoever comes through one is not on this machine, wherever the proxy is. */
const forwarding = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
])

const isForwarded = (name: string): boolean =>
  name.startsWith('x-forwarded') || forwarding.has(name)

/** Asked of the socket: `request.ip` is what a trusted proxy says. */
const isLocal = ({ raw, headers }: FastifyRequest): boolean =>
  /^(::ffff:)?127\.|^::1$/.test(raw.socket.remoteAddress ?? '') &&
  !Object.keys(headers).some(isForwarded)

/** Offers the guard of metrics and details: a token where one is configured, else only this machine. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { MONITORING_TOKEN: token } = config
    app.decorate(
      'requireMonitor',
      token === undefined
        ? async (request: FastifyRequest) => {
            if (!isLocal(request)) throw new NotFound()
          }
        : app.requireServiceToken(token),
    )
  },
  { name: 'monitoring', dependencies: ['service-token'] },
)
