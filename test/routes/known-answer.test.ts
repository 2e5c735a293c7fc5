import Fastify from 'fastify'
import t from 'tap'
import validation from '../../plugins/validation.js'
import { knownAnswer } from '../../routes/known-answer.js'
import type { Identity } from '../../src/sessions/identity.js'

const identity = (name: string): Identity => ({
  userId: 'u',
  email: 'ada@example.com',
  name,
  role: 'user',
  emailVerified: true,
  createdAt: 1,
  lastLoginAt: 2,
  session: { sessionId: 's', createdAt: 1, expiresAt: 3, accessExpiresAt: 2 },
})

t.test('an answer that tells of the one who asks', async (t) => {
  const people = [identity('Ada'), identity('Grace'), identity('Ada')]
  const presented: string[] = []
  let serialized = 0
  const text = { type: 'string' }
  const schema = {
    response: {
      200: { type: 'object', properties: { name: text } },
      404: { type: 'object', properties: { code: text } },
    },
  }
  const app = Fastify()
  await app.register(validation)
  const compile = app.serializerCompiler
  if (compile === undefined) throw new Error('It sets none')
  app.setSerializerCompiler((route) => {
    const serialize = compile(route)
    return (answer) => {
      serialized += 1
      return serialize(answer)
    }
  })
  const { answer, serializerCompiler } = knownAnswer(app, ({ name }) => {
    presented.push(name)
    return { name, secret: 'not in the schema' }
  })
  const nobody = { code: 'NOBODY', secret: 'not in the schema' }
  app.get<{ Params: { at: number } }>(
    '/:at',
    { schema, serializerCompiler },
    async ({ params }, reply) => {
      const person = people[params.at]
      return person ? answer(person) : reply.code(404).send(nobody)
    },
  )
  const ask = async (at: number) => (await app.inject({ url: `/${at}` })).body

  t.test('is put together and serialised once for each identity, by the schema', async (t) => {
    for (let times = 0; times < 3; times += 1) {
      t.equal(await ask(0), '{"name":"Ada"}')
      t.equal(await ask(1), '{"name":"Grace"}')
    }
    t.strictSame(presented, ['Ada', 'Grace'])
    t.equal(serialized, 2)
  })

  t.test('is not that of another one who looks the same', async (t) => {
    t.equal(await ask(2), '{"name":"Ada"}')
    t.strictSame(presented, ['Ada', 'Grace', 'Ada'])
    t.equal(serialized, 3)
  })

  t.test('is not remembered where it is a refusal', async (t) => {
    t.equal(await ask(3), '{"code":"NOBODY"}')
    t.equal(await ask(3), '{"code":"NOBODY"}')
    t.equal(serialized, 5)
  })
})
