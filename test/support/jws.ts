import { createHmac } from 'node:crypto'

/** A token taken apart. */
export interface Parts {
  header: Record<string, unknown>
  claims: Record<string, unknown>
}

const hashes: Record<string, string> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/**
 * Signs whatever one likes, right or wrong, as the header's `alg` says; with an unknown one (`none`) the
 * signature is empty. A string is taken as the bytes of the segment.
 */
export const signJws = (
  header: Record<string, unknown> | string,
  claims: unknown,
  secret: string,
): string => {
  const { alg } = typeof header === 'string' ? JSON.parse(header) : header
  const input = `${encode(header)}.${encode(claims)}`
  const hash = hashes[String(alg)]
  return `${input}.${hash ? createHmac(hash, secret).update(input).digest('base64url') : ''}`
}

/** Takes a token apart without looking at its signature. */
export const readJws = (token = ''): Parts => {
  const [header = '', claims = ''] = token
    .split('.')
    .map((segment) => Buffer.from(segment, 'base64url').toString())
  return { header: JSON.parse(header), claims: JSON.parse(claims) }
}
