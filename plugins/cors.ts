import cors from '@fastify/cors'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'

/** Lets the configured origins, and no others, read answers with credentials. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const clients = new Set(config.CLIENT_URLS)
    await app.register(cors, {
      // A function, because a list would have foreign origins answered with the other headers all the same.
      origin: (origin, answer) => {
        answer(null, origin !== undefined && clients.has(origin) ? origin : false)
      },
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
      allowedHeaders: ['Content-Type', 'Authorization', 'X-Request-ID', 'X-Token-Delivery'],
      exposedHeaders: [
        'X-Request-ID',
        'X-Token-Refresh-Required',
        'X-New-Token',
        'Retry-After',
        'RateLimit-Limit',
        'RateLimit-Remaining',
        'RateLimit-Reset',
      ],
      // Seconds; as long as any browser keeps it.
      maxAge: 7200,
      // A plain OPTIONS request is answered like any other instead of in words of the library's own.
      strictPreflight: false,
    })
  },
  { name: 'cors' },
)
