import { Type } from '@sinclair/typebox'
import { DAY, SECOND } from '../duration.js'
import { choice, duration, integer, list, privateKey, publicKeys, text } from '../variables.js'

/** Browsers keep no cookie longer (RFC 6265bis, 5.5), so neither a session nor its tokens could be used. */
const COOKIE_MAX = 400 * DAY

/** What tokens are signed with, and how long they and their sessions live. */
export const tokens = {
  JWT_SECRET: text({
    secret: true,
    form: 'one line of at most 512 characters',
    defaultNote: 'made at first start and kept in `.data/` in development, else required',
    description:
      'Signs access tokens under HS\\*; required whatever the algorithm. At least 32 bytes and random, such as `openssl rand -base64 48` prints; with HS384 give it 48 bytes, with HS512 64 (RFC 7518, 3.2)',
  }),
  JWT_REFRESH_SECRET: text({
    secret: true,
    form: 'one line of at most 512 characters',
    defaultNote: 'like `JWT_SECRET`',
    description: 'Signs refresh tokens; as strong as `JWT_SECRET`, and another',
  }),
  JWT_SECRET_PREVIOUS: Type.Optional(
    list({
      secret: true,
      form: 'secrets',
      description:
        'Retired values of `JWT_SECRET` (none may hold a comma): accepted, never used to sign',
    }),
  ),
  JWT_REFRESH_SECRET_PREVIOUS: Type.Optional(
    list({
      secret: true,
      form: 'secrets',
      description: 'Retired values of `JWT_REFRESH_SECRET`, alike',
    }),
  ),
  JWT_ALGORITHM: choice(['HS256', 'HS384', 'HS512', 'EdDSA', 'ES256', 'RS256'], {
    defaults: 'HS256',
    description:
      'How access tokens are signed: with `JWT_SECRET` (HS\\*), or with `JWT_PRIVATE_KEY` (the others), so that services can verify them with `/.well-known/jwks.json` alone',
  }),
  JWT_PRIVATE_KEY: Type.Optional(
    privateKey({
      secret: true,
      description:
        'PEM, line breaks or `\\n`: Ed25519 for EdDSA, P-256 for ES256, RSA of 2048 bits or more for RS256',
    }),
  ),
  JWT_PUBLIC_KEYS_PREVIOUS: Type.Optional(
    publicKeys({
      secret: true,
      description:
        'Public keys of retired private keys of the same algorithm, PEM: accepted, and kept in the JWKS',
    }),
  ),
  JWT_ISSUER: text({
    defaults: 'gatehouse',
    bounds: { maxLength: 256 },
    description: 'The claim `iss`, set and demanded',
  }),
  JWT_AUDIENCE: text({
    defaults: 'gatehouse-client',
    bounds: { maxLength: 256 },
    description: 'The claim `aud`, set and demanded',
  }),
  JWT_EXPIRES_IN: duration({
    from: SECOND,
    to: DAY,
    defaults: '15m',
    description: 'Life of an access token',
  }),
  JWT_REFRESH_EXPIRES_IN: duration({
    from: SECOND,
    to: COOKIE_MAX,
    defaults: '7d',
    description:
      'Life of a refresh token: how long a session may lie idle; longer than `JWT_EXPIRES_IN`',
  }),
  SESSION_MAX_AGE: duration({
    from: SECOND,
    to: COOKIE_MAX,
    defaults: '30d',
    description: 'Life of a session, however often refreshed',
  }),
  SESSIONS_PER_USER: integer({
    from: 1,
    to: 1000,
    defaults: '10',
    description: 'Live sessions of one account; a further sign-in ends the oldest',
  }),
  REFRESH_GRACE: duration({
    from: 0,
    to: 60 * SECOND,
    defaults: '30s',
    description:
      'How long after a rotation the refresh token before still gets the same successor, for tabs that refresh at once; `0s` for never',
  }),
  JWT_CLOCK_TOLERANCE: duration({
    from: 0,
    to: 60 * SECOND,
    defaults: '10s',
    description: "How far the clocks of instances may be apart when a token's times are checked",
  }),
  ACCESS_TOKEN_ROTATION: choice(['warn', 'auto'], {
    defaults: 'warn',
    description:
      'For an access token with under 5 minutes left, `warn` sends `X-Token-Refresh-Required`, and `auto` hands out a new one as well',
  }),
}
