/** Bytes as PHC strings write them: standard base64 without its padding. */
export const encodeBase64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

/** The bytes of a canonical text, undefined for any other: argon2 throws at unused bits that are set. */
export const decodeBase64 = (text: string | undefined): Buffer | undefined => {
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  return encodeBase64(bytes) === text ? bytes : undefined
}
