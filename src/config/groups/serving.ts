import { MINUTE } from '../duration.js'
import { choice, duration, flag, integer, PROFILES, text, url } from '../variables.js'

/** Where it serves, as which profile, and what of. */
export const serving = {
  NODE_ENV: choice(PROFILES, {
    defaults: 'development',
    description: 'The profile, which decides many defaults below',
  }),
  HOST: text({
    defaults: {
      development: '127.0.0.1',
      test: '0.0.0.0',
      staging: '0.0.0.0',
      production: '0.0.0.0',
    },
    form: 'an address or a host name',
    bounds: { maxLength: 253, pattern: '^[\\w.:%-]+$' },
    description: 'The address to listen on',
  }),
  PORT: integer({
    from: 0,
    to: 65_535,
    defaults: '5000',
    description: 'The port to listen on; 0 picks a free one',
  }),
  PUBLIC_URL: url({
    schemes: 'https?',
    defaultNote: '`http://localhost:PORT`',
    description:
      "Where browsers reach the server: its own origin, and the beginning of the links in mails; must be https in production, where the default won't do",
  }),
  BODY_LIMIT: integer({
    from: 128,
    to: 16_777_216,
    defaults: '65536',
    description: 'The largest request body in bytes',
  }),
  DOCS: flag({
    defaults: { development: 'true', test: 'false', staging: 'false', production: 'false' },
    description: 'Serves the OpenAPI page at `/docs`',
  }),
  SHUTDOWN_TIMEOUT: duration({
    from: 100,
    to: 10 * MINUTE,
    defaults: '10s',
    description: 'How long requests in flight may take to finish when the server is told to stop',
  }),
}
