import type { Account, Role } from './account.js'

/** Which accounts a list has; without any of it, all. */
export interface AccountFilter {
  /** Begins, in any case, the email, the name, or a word in the name. */
  search?: string
  role?: Role
  isActive?: boolean
}

/**
 * A text as it is compared: `Straße` and `STRASSE`, `ΟΔΟΣ` and `οδος`, full-width and plain letters are
 * alike. Upper case first, because only that knows `ß`; of two small sigmas it leaves the choice to us.
 */
const folded = (text: string): string =>
  text.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC')

/** Where words begin: behind a blank, and wherever letters or digits begin, as in O'Brien and Jean-Luc. */
const wordStart = /(?<=^|\s)\S|(?<![\p{L}\p{N}\p{M}])[\p{L}\p{N}]/gu

/** Whether an account is one of those; undefined where all are. */
export const accountFilter = ({
  search = '',
  role,
  isActive,
}: AccountFilter): ((account: Account) => boolean) | undefined => {
  const wanted = folded(search.trim())
  if (wanted === '' && role === undefined && isActive === undefined) return undefined
  const isFound = ({ email, name }: Account): boolean => {
    if (folded(email).startsWith(wanted)) return true
    const text = folded(name)
    for (const { index } of text.matchAll(wordStart)) {
      if (text.startsWith(wanted, index)) return true
    }
    return false
  }
  return (account) =>
    (role ?? account.role) === account.role &&
    (isActive ?? account.isActive) === account.isActive &&
    isFound(account)
}
