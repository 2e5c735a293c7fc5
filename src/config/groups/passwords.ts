import { Type } from '@sinclair/typebox'
import { integer, text } from '../variables.js'

/** What a password has to be, and what its hash costs. */
export const passwords = {
  ARGON2_MEMORY_KIB: integer({
    from: 8,
    to: 4_194_304,
    defaults: '19456',
    description:
      'Memory of one password hash, in KiB, at least 8 times `ARGON2_PARALLELISM`; a stored hash with other parameters is renewed at the next sign-in',
  }),
  ARGON2_TIME_COST: integer({
    from: 1,
    to: 1000,
    defaults: '2',
    description: 'Passes over that memory',
  }),
  ARGON2_PARALLELISM: integer({
    from: 1,
    to: 255,
    defaults: '1',
    description: 'Lanes of that memory',
  }),
  PASSWORD_PEPPER: Type.Optional(
    text({
      secret: true,
      description:
        "Argon2's secret input, kept apart from the store. Changing or losing it makes every password wrong",
    }),
  ),
  HASH_CONCURRENCY: integer({
    from: 1,
    to: 1024,
    defaultNote: 'number of cores, divided by `CLUSTER_WORKERS`',
    description: 'Password hashes at once, per process',
  }),
  HASH_QUEUE_MAX: integer({
    from: 0,
    to: 100_000,
    defaults: '64',
    description: 'Password hashes waiting, per process; past it the answer is 503 `OVERLOADED`',
  }),
  PASSWORD_MIN_LENGTH: integer({
    from: 8,
    // NIST SP 800-63B, 3.1.1.2: users may choose 64 characters at least.
    to: 64,
    defaults: '8',
    description: 'The shortest password in characters',
  }),
}
