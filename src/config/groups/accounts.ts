import { Type } from '@sinclair/typebox'
import { choice, flag, text } from '../variables.js'

/** How accounts come into being. */
export const accounts = {
  REQUIRE_EMAIL_VERIFICATION: flag({
    defaults: 'false',
    description: 'Accounts sign in only after the link that was mailed to them was followed',
  }),
  REGISTRATION: choice(['open', 'verified', 'closed'], {
    defaults: 'open',
    description:
      '`open` signs in at once; `verified` mails a link, and tells nobody which emails have accounts; `closed` leaves it to admins',
  }),
  ADMIN_EMAIL: Type.Optional(
    text({
      form: 'an email address',
      bounds: { maxLength: 254, pattern: '^[^\\s<>@]+@[^\\s<>@]+$' },
      description:
        'Made an admin account with a verified email at start, unless an account has it already; with `ADMIN_PASSWORD`',
    }),
  ),
  ADMIN_PASSWORD: Type.Optional(
    text({
      secret: true,
      description:
        'Its first password, held to the rules of all but that it may bear the email or the name; change it after the first sign-in, and unset both',
    }),
  ),
}
