/**
 * What a new password must be. Pure rules: nothing here hashes, stores or reads a list.
 *
 * Length and list follow NIST SP 800-63B-4, 3.1.1.2 (code points are counted, the whole password is compared
 * with a blocklist, a refusal gives its reason) and OWASP ASVS 5.0, 6.2.1, 6.2.4, 6.2.9 and 6.2.11. The demand
 * for four kinds of characters is Gatehouse's own: both standards advise against such rules (ASVS 6.2.5).
 */

/** Code points. A bound on what is normalised, compared and hashed; ASVS 5.0, 6.2.9 asks for 64 or more. */
export const PASSWORD_MAX_LENGTH = 128

/** Shorter emails and names occur in good passwords by chance. */
const PERSONAL_MIN_LENGTH = 4

/** Whom a password is for. */
export interface PasswordOwner {
  email: string
  name: string
}

/** What a deployment decides about passwords. */
export interface PasswordRules {
  /** Code points of the normalised password. */
  minLength: number
  /** Whether a password is on the list of common ones; see `loadCommonPasswords`. */
  isCommon: (password: string) => boolean
}

/** False where a surrogate stands alone: such a string has no UTF-8 form of its own. */
export const isWellFormed = (text: string): boolean => !/\p{Cs}/u.test(text)

/** The form that is judged and hashed: NFKC, so that one password typed on two keyboards stays one. */
export const normalizePassword = (password: string): string => password.normalize('NFKC')

/**
 * The form in which texts are compared without case, normalised too. Lower case alone keeps apart what
 * people see as one: the two small sigmas of Greek, `ß` and `SS`.
 */
export const withoutCase = (text: string): string =>
  text.normalize('NFKC').toLowerCase().toUpperCase()

const countCharacters = (text: string): number => [...text].length

const kinds: readonly (readonly [kind: RegExp, advice: string])[] = [
  [/\p{Ll}/u, 'Add a lower-case letter'],
  [/\p{Lu}/u, 'Add an upper-case letter'],
  [/\p{Nd}/u, 'Add a digit'],
  // Marks belong to the letter they stand on: an accent or a vowel sign is no special character.
  [/[^\p{L}\p{M}\p{N}]/u, 'Add a special character, such as ! or a space'],
]

const contains = (password: string, part: string): boolean => {
  const personal = withoutCase(part.trim())
  return (
    countCharacters(personal) >= PERSONAL_MIN_LENGTH && withoutCase(password).includes(personal)
  )
}

const localPart = (email: string): string => email.replace(/@[^@]*$/, '')

/**
 * Why `password` may not become the owner's password: a sentence for each broken rule, written for that
 * person and never quoting the password. Empty: it may.
 */
export const passwordProblems = (
  password: string,
  { email, name }: PasswordOwner,
  { minLength, isCommon }: PasswordRules,
): string[] => {
  // UTF-8 turns every lone surrogate into the same U+FFFD: other passwords would open the account as well.
  if (!isWellFormed(password)) return ['Use only complete Unicode characters']

  const normal = normalizePassword(password)
  const length = countCharacters(normal)
  // Both forms, for NFKC makes up to 18 characters of one and one of several. No further rule is tried, so
  // that the work on a huge input stays small.
  if (length > PASSWORD_MAX_LENGTH || countCharacters(password) > PASSWORD_MAX_LENGTH) {
    return [`Use at most ${PASSWORD_MAX_LENGTH} characters`]
  }

  const problems: string[] = []
  if (length < minLength) problems.push(`Use at least ${minLength} characters`)
  for (const [kind, advice] of kinds) if (!kind.test(normal)) problems.push(advice)
  if (isCommon(normal)) problems.push('Choose a password that fewer people use')
  if (contains(normal, localPart(email))) {
    problems.push('Leave the first part of your email address out of the password')
  }
  if (contains(normal, name)) problems.push('Leave your name out of the password')
  return problems
}
