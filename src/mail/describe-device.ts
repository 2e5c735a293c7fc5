/** The first of each list that a User-Agent holds names it: Edge says that it is Chrome as well. */
const browsers = [
  ['Edg', 'Edge'],
  ['OPR', 'Opera'],
  ['Firefox', 'Firefox'],
  ['Chrome', 'Chrome'],
  ['Safari', 'Safari'],
  ['curl', 'curl'],
] as const
const systems = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Windows', 'Windows'],
  ['Mac OS', 'macOS'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
] as const

/**
 * A device in words of our own, such as 'Firefox, Linux': a User-Agent is whatever its sender likes, and
 * none of that gets into a mail.
 */
export const describeDevice = (userAgent: string): string => {
  const named = [browsers, systems].flatMap(
    (list) => list.find(([mark]) => userAgent.includes(mark))?.[1] ?? [],
  )
  return named.join(', ') || '?'
}
