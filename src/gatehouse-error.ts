/** One refused field of a request. */
export interface FieldError {
  field: string
  message: string
}

/** What an entry of the catalogue may carry beside its fixed code and phrase. */
export interface ErrorDetails {
  /** More members of the answer's body, e.g. `requiredRoles`. Never a secret: they reach the client. */
  extras?: Record<string, unknown>
  /** Seconds, for the `Retry-After` header (RFC 9110, 10.2.3). */
  retryAfter?: number
  /** The limit that was met, for the `RateLimit-*` headers; `reset` in seconds. */
  limit?: { max: number; reset: number }
  /** The failure behind it: logged, never sent. */
  cause?: unknown
}

/** Base of the catalogue; its `message` is written for the client. */
export class GatehouseError extends Error {
  readonly extras: Record<string, unknown>
  readonly retryAfter: number | undefined
  readonly limit: ErrorDetails['limit']

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, { cause: details.cause })
    this.name = new.target.name
    this.extras = details.extras ?? {}
    this.retryAfter = details.retryAfter
    this.limit = details.limit
  }

  /** Fastify's word for it, which the error handlers of an embedding app know. */
  get statusCode(): number {
    return this.status
  }
}

/** An entry as routes list it: what it answers, without making one. */
export interface ErrorEntry {
  readonly status: number
  readonly code: string
}

/** An entry to extend: its code and phrase are fixed, and so is what `fixed` has unless details say otherwise. */
export const define = (
  status: number,
  code: string,
  message: string,
  fixed: ErrorDetails = {},
  Base = GatehouseError,
) =>
  class extends Base {
    static readonly status = status
    static readonly code = code

    constructor(details: ErrorDetails = {}) {
      super(status, code, message, { ...fixed, ...details })
    }
  }
