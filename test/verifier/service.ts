import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { type VerifierOptions, verifier } from '../../src/verifier.js'
import type { Device } from '../support/app.js'

export interface Service {
  app: FastifyInstance
  /** Asks with this token, or none, for one's own data or another address. */
  ask: (token?: string, url?: string) => Promise<LightMyRequestResponse>
}

/** Another service, whose routes are guarded by the verifier. Closed when the test ends. */
export const startService = async (
  t: Pick<Test, 'teardown'>,
  options: VerifierOptions,
): Promise<Service> => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(verifier, options)
  app.get('/me', { onRequest: app.authenticate }, async ({ user }) => user)
  const admins = { onRequest: [app.authenticate, app.authorize(['admin'])] }
  app.get('/reports', admins, async ({ user }) => user)
  return {
    app,
    ask: (token, url = '/me') => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      return app.inject({ url, headers })
    },
  }
}

/** The access token that somebody was handed. */
export const tokenOf = (device: Device): string => device.cookies('/').access_token ?? ''

/** Asserts that a guard answered by itself: this failure, in the envelope, with all that belongs to it. */
export const refusedBy = (
  t: Test,
  answer: LightMyRequestResponse,
  status: number,
  code: string,
  extras: Record<string, unknown> = {},
): void => {
  t.equal(answer.statusCode, status, `${status} ${code}, not ${answer.body}`)
  const { message, requestId, ...rest } = answer.json()
  t.strictSame(rest, { success: false, code, ...extras })
  t.match(message, /^[A-Z].+[^.]$/)
  t.ok(requestId)
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(answer.headers['cache-control'], 'no-store')
  if (status === 401) t.match(answer.headers['www-authenticate'], /^Bearer realm="gatehouse"/)
  if (status === 503) t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
}
