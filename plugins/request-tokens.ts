import type { IncomingHttpHeaders } from 'node:http'

/** As many cookies of one name as are looked at: two domains and two paths. */
const candidatesMax = 4

/** All values of a cookie, in the browser's order: the most specific path first (RFC 6265, 5.4). */
export const cookieValues = (header: string | undefined, name: string): string[] => {
  const values: string[] = []
  // Most requests bear the one cookie and not the other.
  if (header === undefined || !header.includes(name)) return values
  for (const pair of header.split(';')) {
    const cut = pair.indexOf('=')
    // Without a '=' there is no name, whatever the value begins with.
    if (cut < 0 || pair.slice(0, cut).trim() !== name) continue
    const value = pair.slice(cut + 1).trim()
    if (value !== '' && !values.includes(value) && values.length < candidatesMax) values.push(value)
  }
  return values
}

/** The token of an `Authorization: Bearer` header (RFC 6750, 2.1). */
export const bearerToken = ({ authorization }: IncomingHttpHeaders): string | undefined =>
  authorization === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1]

/** The access tokens of a request: one in the header stands in for those in cookies, if any count. */
export const accessTokensOf = (
  headers: IncomingHttpHeaders,
  cookieName: string | undefined,
): string[] => {
  const token = bearerToken(headers)
  if (token !== undefined) return [token]
  return cookieName === undefined ? [] : cookieValues(headers.cookie, cookieName)
}
