import type { FastifyInstance, FastifySerializerCompiler } from 'fastify'
import type { Identity } from '../src/sessions/identity.js'

/** The same function, asked once for each object; its value is kept as long as the object is. */
const once = <Of extends object, Value>(make: (of: Of) => Value): ((of: Of) => Value) => {
  const known = new WeakMap<Of, Value>()
  return (of) => {
    const value = known.get(of)
    if (value !== undefined) return value
    const made = make(of)
    known.set(of, made)
    return made
  }
}

/**
 * An answer that tells of the one who asks and of nothing else. As long as the validation cache knows that
 * identity, it is put together and serialised once: with the option `serializerCompiler` on the route, whose
 * handler answers `answer(request.user)`.
 */
export const knownAnswer = <Answer extends object>(
  { serializerCompiler }: FastifyInstance,
  present: (user: Identity) => Answer,
): {
  answer: (user: Identity) => Answer
  serializerCompiler: FastifySerializerCompiler<unknown>
} => {
  if (serializerCompiler === undefined) throw new Error('There is no serializer yet')
  return {
    answer: once(present),
    serializerCompiler: (route) => {
      const serialize = serializerCompiler(route)
      return route.httpStatus === '200' ? once(serialize) : serialize
    },
  }
}
