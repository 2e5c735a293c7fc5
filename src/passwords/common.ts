import { readFileSync } from 'node:fs'
import { withoutCase } from './policy.js'

/** A decorated word is still that word, but what is left of a decorated short one says little. */
const CORE_MIN_LENGTH = 6

/** From the first letter to the last: `1Password!23` without what people add to satisfy a rule. */
const core = (password: string): string => /\p{L}(?:.*\p{L})?/su.exec(password)?.[0] ?? ''

/**
 * Reads the lists in `common/` (sources: the README there), some 62,000 passwords, and gives the
 * check against them: true for a listed password in any case, and for one that is listed without the digits
 * and signs at its two ends where 6 characters or more remain.
 *
 * The lists stay one text that is scanned: 0.7 MB and 7 ms at start in every process, where a Set takes 4.5 MB
 * and 20 ms. The scan costs half a millisecond for each new password, which is then hashed for much longer.
 *
 * @throws the system's error where a list is missing: better no start than every password passing.
 */
export const loadCommonPasswords = (): ((password: string) => boolean) => {
  const read = (file: string): string =>
    readFileSync(new URL(`./common/${file}`, import.meta.url), 'latin1')

  const text = ['zxcvbn.txt', 'seclists-min8.txt', 'seclists-min15.txt'].map(read).join('\n')
  // A checkout on Windows may have changed the line ends, and then no word would match.
  const lines = `\n${withoutCase(text.replaceAll('\r', ''))}\n`

  // A password with a line end in it could match two neighbours in the list.
  const isListed = (word: string): boolean =>
    word !== '' && !word.includes('\n') && lines.includes(`\n${word}\n`)

  return (password) => {
    const whole = withoutCase(password)
    const word = core(whole)
    return isListed(whole) || (word.length >= CORE_MIN_LENGTH && isListed(word))
  }
}
