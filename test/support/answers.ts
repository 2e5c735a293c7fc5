import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'

type Answer = Pick<LightMyRequestResponse, 'statusCode' | 'headers' | 'body' | 'json'>

/** The members that every failure has. */
const envelope = ['success', 'code', 'message', 'requestId']

/**
 * Asserts that an answer is this failure, in the one envelope and with nothing in it but `extras`, and
 * that it bears the headers that such a failure has to have.
 */
export const refused = (
  t: Test,
  answer: Answer,
  status: number,
  code: string,
  extras: Record<string, unknown> = {},
): void => {
  t.equal(answer.statusCode, status, `${status} ${code}, not ${answer.body}`)
  const body = answer.json()
  t.match(body, { success: false, code, message: /^[A-Z].+[^.]$/, ...extras })
  t.strictSame(Object.keys(body).sort(), [...envelope, ...Object.keys(extras)].sort())
  t.equal(body.requestId, answer.headers['x-request-id'])
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(answer.headers['cache-control'], 'no-store')
  if (status === 401) t.match(answer.headers['www-authenticate'], /^Bearer realm="gatehouse"/)
  if ([423, 429, 503].includes(status)) t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
}

/** Asserts that a request was refused for these fields, in this order. */
export const invalid = (t: Test, answer: Answer, fields: string[]): void => {
  const errors = fields.map((field) => ({ field, message: /^\S.+[^.]$/ }))
  refused(t, answer, 400, 'VALIDATION_FAILED', { errors })
  t.equal(answer.json().errors?.length, fields.length, 'and for no others')
}

/** The names of the token cookies that an answer sets, and of those that it takes back. */
export const cookieChanges = (answer: LightMyRequestResponse) => {
  const tokens = answer.cookies.filter(({ name }) => name.endsWith('_token'))
  const names = (cleared: boolean) =>
    tokens.filter(({ maxAge }) => (maxAge === 0) === cleared).map(({ name }) => name)
  return { set: names(false), cleared: names(true) }
}
