import { Type } from '@sinclair/typebox'
import { choice, path, text, url } from '../variables.js'

/** Who may ask how it is, and where logs and traces go. */
export const watching = {
  MONITORING_TOKEN: Type.Optional(
    text({
      secret: true,
      form: 'visible ASCII characters, at most 512',
      bounds: { pattern: '^[\\x21-\\x7e]+$' },
      description:
        'Bearer token for `/metrics` and `/health/detailed`; unset: only loopback may ask, without a forwarding header',
    }),
  ),
  INTROSPECTION_TOKEN: Type.Optional(
    text({
      secret: true,
      form: 'visible ASCII characters, at most 512',
      bounds: { pattern: '^[\\x21-\\x7e]+$' },
      description: 'Bearer token for token introspection; unset: those routes answer 404',
    }),
  ),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    defaults: { development: 'debug', test: 'warn', staging: 'info', production: 'warn' },
    description:
      'A line for each request is `info`; security events, and that the server starts and stops, are written whatever the level',
  }),
  LOG_FILE: Type.Optional(
    path({ description: 'The log again in a file, rotated at 20 MB and kept 14 days' }),
  ),
  SECURITY_LOG_FILE: Type.Optional(
    path({ description: 'Security events again in a file, rotated alike' }),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    url({ schemes: 'https?', description: 'Where traces go; unset: nowhere' }),
  ),
}
