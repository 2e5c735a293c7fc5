import { Ajv, type Options } from 'ajv'
import fastJson, { type Schema } from 'fast-json-stringify'
import fp from 'fastify-plugin'

const strict: Options = {
  allErrors: true,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: true,
}

/**
 * Validates as the schemas say and changes nothing: Fastify's own settings would turn `["a@b.c"]` into a
 * string and drop unknown members unseen. Only URLs, which know no types, are coerced. Both compilers are
 * set, since an embedding app may have others that take no JSON Schema.
 */
export default fp(
  async (app) => {
    const bodies = new Ajv(strict)
    const urls = new Ajv({ ...strict, coerceTypes: true })
    app.setValidatorCompiler<object>(({ schema, httpPart }) =>
      (httpPart === 'body' ? bodies : urls).compile(schema),
    )
    const serializers = new Map<string, ReturnType<typeof fastJson>>()
    app.setSerializerCompiler<Schema>(({ schema }) => {
      // Most routes fail alike: one serializer in place of hundreds, a third of what a start compiled.
      const text = JSON.stringify(schema)
      const serialize = serializers.get(text) ?? fastJson(schema)
      serializers.set(text, serialize)
      return serialize
    })
  },
  { name: 'validation' },
)
