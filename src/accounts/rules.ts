import { type FieldError, ValidationFailed } from '../errors.js'

/** A value by its rule: what is kept, or what to tell the person. */
export type Ruled = { value: string } | { problem: string }

/** RFC 5321, 4.5.3.1.3, less the angle brackets; 4.5.3.1.1 for the local part. */
const emailMax = 254
const localPartMax = 64

/** A valid e-mail address by the HTML standard (4.10.5.1.5): what browsers accept in an email field. */
const htmlEmail =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/

/** A line break is no slip of the keyboard: it is how headers are smuggled into mails. */
const lineBreak = /[\n\v\f\r\u2028\u2029]/

/**
 * The one spelling of an email: trimmed, lower case. Dots and tags are kept: only the mail's own server
 * knows what they mean. Letters beyond ASCII are refused, so there is nothing to fold.
 *
 * Of what RFC 5322 allows, the HTML standard leaves out what no mailbox of a person has: quoted local parts,
 * comments, blanks inside, address literals. Refused besides, though browsers accept it: a dot at either
 * end of the local part or two in a row (RFC 5322, 3.2.3), and what is longer than SMTP carries. Whether
 * domain and mailbox exist only a mail can tell.
 */
export const emailRule = (input: string): Ruled => {
  const email = input.trim()
  const at = email.indexOf('@')
  const local = email.slice(0, at)
  const isAddress =
    !lineBreak.test(input) &&
    email.length <= emailMax &&
    htmlEmail.test(email) &&
    local.length <= localPartMax &&
    !/^\.|\.\.|\.$/.test(local)
  return isAddress ? { value: email.toLowerCase() } : { problem: 'Enter a valid email address' }
}

/** The same, for a request of which nothing is left without its email. Throws `ValidationFailed`. */
export const requireEmail = (field: string, input: string): string => {
  const ruled = emailRule(input)
  if ('value' in ruled) return ruled.value
  throw new ValidationFailed([{ field, message: ruled.problem }])
}

/** 2 to 50 characters (code points) after trimming, with nothing that breaks a line or a terminal. */
export const nameRule = (input: string): Ruled => {
  const name = input.trim().normalize('NFC')
  const { length } = [...name]
  if (length < 2 || length > 50) return { problem: 'Use 2 to 50 characters' }
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return { problem: 'Leave control characters out' }
  return { value: name }
}

/** Collects the problems of several fields, so that a person is told all of them at once. */
export const createFieldCheck = () => {
  const errors: FieldError[] = []
  return {
    errors,
    /** The value, or '' with the problem noted. */
    take: (field: string, ruled: Ruled): string => {
      if ('value' in ruled) return ruled.value
      errors.push({ field, message: ruled.problem })
      return ''
    },
    note: (field: string, problems: string[]): void => {
      for (const message of problems) errors.push({ field, message })
    },
  }
}
