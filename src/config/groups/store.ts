import { Type } from '@sinclair/typebox'
import { integer, path, redis, text } from '../variables.js'

/** Where accounts and sessions are kept, and how many processes work on them. */
export const store = {
  REDIS_URL: Type.Optional(
    redis({
      secret: true,
      description:
        'The store. One URL is one server, a comma list is Redis Cluster, `redis+sentinel://` is Sentinel (credentials in it are for the master). Unset: the embedded store',
    }),
  ),
  REDIS_KEY_PREFIX: text({
    defaults: 'gh:',
    form: 'at most 64 letters, digits and : . _ - /',
    bounds: { maxLength: 64, pattern: '^[\\w:./-]+$' },
    description: 'In front of every key and channel, so that several deployments share a Redis',
  }),
  EMBEDDED_STORE_PATH: path({
    defaults: '.data/store',
    description:
      'The folder of the embedded store, which serves one process only; production uses it only where this is set',
  }),
  CLUSTER_WORKERS: integer({
    from: 1,
    to: 256,
    form: 'auto, or a whole number from 1 to 256',
    defaults: { development: '1', test: '1', staging: 'auto', production: 'auto' },
    description:
      'Processes that serve; `auto` is one a core and at most 4 with Redis, and 1 with the embedded store',
  }),
}
