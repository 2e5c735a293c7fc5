import { type Rule, refuseIf } from './rules.js'
import { PROFILES, type Profile, type Variable } from './variables.js'

/** An unknown profile is taken for the strictest one: `prod` must not start a development server. */
export const profileOf = (text: string | undefined): Profile =>
  text === undefined ? 'development' : (PROFILES.find((known) => known === text) ?? 'production')

/** A variable's default as text; undefined where the profile has none. */
export const defaultOf = ({ defaults }: Variable, profile: Profile): string | undefined =>
  typeof defaults === 'string' ? defaults : defaults?.[profile]

/** Mails carry links with one-time tokens, and cookies are bound to the origin. */
const publicUrl: Rule = ({ PUBLIC_URL, MAIL_LINK_URL }, given) => [
  ...refuseIf(
    !given.has('PUBLIC_URL') || PUBLIC_URL?.startsWith('https:') === false,
    'PUBLIC_URL is required in production, and must begin with https://',
  ),
  ...refuseIf(
    MAIL_LINK_URL?.startsWith('https:') === false,
    'MAIL_LINK_URL must begin with https:// in production',
  ),
]

/** A forgotten REDIS_URL would start a server that forgets its accounts with the container. */
const store: Rule = (_, given) =>
  refuseIf(
    !given.has('REDIS_URL') && !given.has('EMBEDDED_STORE_PATH'),
    'REDIS_URL is required in production, or EMBEDDED_STORE_PATH for a single process on a lasting disk',
  )

/** Links that end in a folder on the server would lock everybody out. */
const mail: Rule = ({ REQUIRE_EMAIL_VERIFICATION, REGISTRATION }, given) =>
  refuseIf(
    !given.has('SMTP_URL') && (REQUIRE_EMAIL_VERIFICATION === true || REGISTRATION === 'verified'),
    'SMTP_URL is required in production with REQUIRE_EMAIL_VERIFICATION=true or REGISTRATION=verified',
  )

/** What one profile demands beside the rules for all. */
export const profileRules: Partial<Record<Profile, readonly Rule[]>> = {
  production: [publicUrl, store, mail],
}
