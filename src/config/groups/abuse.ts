import { DAY, SECOND } from '../duration.js'
import { choice, integer, milliseconds, tiers } from '../variables.js'

/** A bound for counts which stand for "as many as you like". */
const ANY = 1_000_000_000

/** How much is too much: limits, lockout, anomaly rules. */
export const abuse = {
  RATE_LIMIT_WINDOW_MS: milliseconds({
    from: 100,
    to: 7 * DAY,
    defaults: '900000',
    description: 'The window of the three limits below',
  }),
  RATE_LIMIT_MAX_REQUESTS: integer({
    from: 1,
    to: ANY,
    defaults: { development: '1000', test: '1000', staging: '200', production: '100' },
    description: 'Requests without a live session, per address',
  }),
  RATE_LIMIT_USER_MAX: integer({
    from: 1,
    to: 10 * ANY,
    defaultNote: '10 times `RATE_LIMIT_MAX_REQUESTS`',
    description: 'Requests with a live session, per account',
  }),
  AUTH_RATE_LIMIT_MAX: integer({
    from: 1,
    to: ANY,
    defaults: '5',
    description: 'Failed sign-ins and refused registrations, per address',
  }),
  PASSWORD_RESET_RATE_LIMIT_MAX: integer({
    from: 1,
    to: ANY,
    defaults: '3',
    description: 'Password reset requests per hour, per address and per account',
  }),
  LOCKOUT_TIERS: tiers({
    from: SECOND,
    to: 365 * DAY,
    defaults: '3:5m,5:15m,7:1h,10:24h',
    description:
      'At so many failed sign-ins, an address (or a known device) and an email together are locked for so long',
  }),
  ACCOUNT_FAILURE_MAX: integer({
    from: 1,
    to: ANY,
    defaults: '100',
    description:
      'After so many failed sign-ins on one email from everywhere within a day, only known devices and a password reset get through',
  }),
  ANOMALY_MODE: choice(['off', 'observe', 'enforce'], {
    defaults: {
      development: 'observe',
      test: 'observe',
      staging: 'enforce',
      production: 'enforce',
    },
    description: '`observe` only marks and logs suspicious clients, `enforce` blocks them a minute',
  }),
  ANOMALY_MAX_REQUESTS_PER_MINUTE: integer({
    from: 1,
    to: ANY,
    defaults: '30',
    description: 'Requests without a live session; ten times as many in one session',
  }),
  ANOMALY_MAX_ENDPOINTS_PER_MINUTE: integer({
    from: 1,
    to: 10_000,
    defaults: '10',
    description: 'Distinct routes that one client asks for',
  }),
  ANOMALY_MAX_AUTH_FAILURES_PER_MINUTE: integer({
    from: 1,
    to: ANY,
    defaults: '3',
    description: 'Failed authentications of one client',
  }),
}
