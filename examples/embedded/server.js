/**
 * An app of your own with Gatehouse in it: everybody keeps notes, and admins see how many there are.
 * `npm run example:embedded` starts it; README.md beside this file has a walk through it.
 */
import Fastify from 'fastify'
import { gatehouse, loadConfig, readEnvironment } from 'gatehouse'

/** As many notes as one person may keep. */
const notesMax = 100

const config = loadConfig(readEnvironment())
const app = Fastify({ logger: { level: config.LOG_LEVEL } })
await app.register(gatehouse, { config })

/** Everybody's notes, by user id. @type {Map<string, string[]>} */
const notes = new Map()

app.get('/notes', { onRequest: app.authenticate }, async ({ user }) => ({
  owner: user.name,
  notes: notes.get(user.userId) ?? [],
}))

const text = { type: 'string', minLength: 1, maxLength: 200 }
const body = {
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: { text },
}

app.post(
  '/notes',
  { onRequest: app.authenticate, schema: { body } },
  async (/** @type {import('fastify').FastifyRequest<{ Body: { text: string } }>} */ request) => {
    const { userId } = request.user
    const kept = [...(notes.get(userId) ?? []), request.body.text].slice(-notesMax)
    notes.set(userId, kept)
    return { notes: kept }
  },
)

app.get('/statistics', { onRequest: [app.authenticate, app.authorize(['admin'])] }, async () => ({
  people: notes.size,
  notes: [...notes.values()].flat().length,
}))

await app.listen({ host: config.HOST, port: config.PORT })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
