import { IncomingMessage, ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import { Socket } from 'node:net'

/** Headers that are the same in many answers. */
export interface FixedHeaders {
  fields: Record<string, string>
  /** The same as the lines that are sent. */
  lines: string
}

/** Headers, looked at once instead of at every answer. Throws a `TypeError` where Node would refuse one. */
export const fixedHeaders = (fields: Record<string, string>): FixedHeaders => {
  const lines = Object.entries(fields).map(([name, value]) => {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return `${name}: ${value}\r\n`
  })
  return { fields, lines: lines.join('') }
}

/** What Node writes the head of every answer with. It is not documented, but as old as `http`. */
const { _storeHeader: storeHeader } = ServerResponse.prototype as unknown as {
  _storeHeader: (this: ServerResponse, statusLine: string, headers: unknown) => void
}

/**
 * An answer whose fixed headers are sent as they are. Fastify and Node each take up every header of every
 * answer by itself, which for some twenty of them is a fifth of the whole cost of a request.
 */
export class PrefacedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Whole lines, of `FixedHeaders` or as harmless: nobody looks at them again. */
  preface = ''

  _storeHeader(statusLine: string, headers: unknown): void {
    storeHeader.call(this, statusLine + this.preface, headers)
  }
}

/** Whether this Node.js writes heads as those do that are known. Where it does not, nothing may rely on it. */
export const canPreface = (() => {
  class Probe extends PrefacedResponse {
    isHeard = false
    override _storeHeader(): void {
      this.isHeard = true
    }
  }
  const probe = new Probe(new IncomingMessage(new Socket()))
  probe.writeHead(204)
  return probe.isHeard
})()
