import type { FastifyServerOptions } from 'fastify'
import { GatehouseError, PayloadTooLarge, ValidationFailed } from '../src/errors.js'
import { failureBody } from './error-answers.js'
import { sendFailure } from './errors.js'
import { requestId } from './request-id.js'

class RequestTimeout extends GatehouseError {
  constructor() {
    super(408, 'REQUEST_TIMEOUT', 'The request was not complete in time')
  }
}

/** What Node's HTTP parser gave up on, in the catalogue's words. */
const parserFailure = (code: string | undefined): GatehouseError => {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new RequestTimeout()
  if (code === 'HPE_HEADER_OVERFLOW') return new PayloadTooLarge()
  return new ValidationFailed([{ field: 'request', message: 'This is not valid HTTP' }])
}

/**
 * Server options for requests that never reach a route, because they are not HTTP or their URL can't be
 * decoded: same envelope, same headers, and the connection closed.
 */
export const socketErrors = (
  headers: Record<string, string>,
): Pick<FastifyServerOptions, 'clientErrorHandler' | 'frameworkErrors'> => ({
  clientErrorHandler(error, socket) {
    // The client is gone, or it was answered already: more could be taken for the answer to something else.
    if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
      socket.destroy()
      return
    }
    const failure = parserFailure(error.code)
    const id = requestId(undefined)
    const body = JSON.stringify(failureBody(failure, id))
    const lines = Object.entries({
      ...headers,
      'X-Request-ID': id,
      'Cache-Control': 'no-store',
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      Connection: 'close',
    }).map(([name, value]) => `${name}: ${value}`)
    const status = `HTTP/1.1 ${failure.status} ${statusText[failure.status]}`
    socket.end([status, ...lines, '', body].join('\r\n'))
  },
  frameworkErrors(error, request, reply) {
    reply.headers({ ...headers, 'X-Request-ID': request.id })
    sendFailure(error, request, reply)
  },
})

const statusText: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
}
