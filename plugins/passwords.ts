import fp from 'fastify-plugin'
import type { Config } from '../src/config/schema.js'
import { createHasher, type Hasher } from '../src/passwords/hasher.js'

declare module 'fastify' {
  interface FastifyInstance {
    hasher: Hasher
  }
}

/** Offers the hashing of passwords, bounded so that a flood of sign-ins can't starve the rest. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.decorate(
      'hasher',
      createHasher({
        memoryKib: config.ARGON2_MEMORY_KIB,
        timeCost: config.ARGON2_TIME_COST,
        parallelism: config.ARGON2_PARALLELISM,
        pepper: config.PASSWORD_PEPPER,
        concurrency: config.HASH_CONCURRENCY,
        queueMax: config.HASH_QUEUE_MAX,
        onDone: app.metrics.hashed,
      }),
    )
  },
  { name: 'passwords', dependencies: ['metrics'] },
)
