import type { FastifyError } from 'fastify'
import {
  type FieldError,
  GatehouseError,
  InternalError,
  NotFound,
  PayloadTooLarge,
  UnsupportedMediaType,
  ValidationFailed,
} from '../src/errors.js'

/** The one shape of a failure. */
export const failureBody = (error: GatehouseError, requestId: string) => ({
  success: false,
  code: error.code,
  message: error.message,
  requestId,
  ...error.extras,
})

/** Bounds the answer to a body with thousands of wrong members. */
const maxFieldErrors = 20

/** What Fastify and its parsers refuse, in the catalogue's words. */
const byFastifyCode: Record<string, () => GatehouseError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new PayloadTooLarge(),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new UnsupportedMediaType(),
  FST_ERR_CTP_INVALID_TYPE: () => new UnsupportedMediaType(),
  FST_ERR_NOT_FOUND: () => new NotFound(),
}

/** The entry of the catalogue behind whatever was thrown; for what is in none, `InternalError`. */
export const catalogued = (thrown: Partial<FastifyError> | null): GatehouseError => {
  if (thrown instanceof GatehouseError) return thrown
  // Anything can be thrown, nothing included.
  const error = thrown ?? {}
  if (error.validation) {
    const errors = error.validation.slice(0, maxFieldErrors)
    return new ValidationFailed(errors.map((one) => fieldError(one, error.validationContext)))
  }
  const known = byFastifyCode[error.code ?? '']
  if (known) return known()
  // What is left below 500 is a request that Fastify can't read: a bad URL, a broken body.
  const isRequestFault = error.statusCode !== undefined && error.statusCode < 500
  return isRequestFault
    ? new ValidationFailed([{ field: 'request', message: 'The request can not be read' }])
    : new InternalError({ cause: error })
}

type SchemaError = NonNullable<FastifyError['validation']>[number]

/** Names the field of a schema error: `email`, or `tokens.3`; the whole part of the request otherwise. */
const fieldError = (error: SchemaError, context = 'body'): FieldError => {
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  const within = (name: unknown) => (path === '' ? String(name) : `${path}.${name}`)
  if (error.keyword === 'required') {
    return { field: within(error.params.missingProperty), message: 'This field is required' }
  }
  if (error.keyword === 'additionalProperties') {
    return { field: within(error.params.additionalProperty), message: 'This field is not known' }
  }
  return { field: path === '' ? context : path, message: error.message ?? 'Not valid' }
}
