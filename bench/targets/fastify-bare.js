/** Fastify with one route and its response schema: the measure of all others. */
import Fastify from 'fastify'
import { answer, response } from './answer.js'
import { host, port, ready } from './ready.js'

const app = Fastify()
app.get('/session', { schema: { response } }, async () => answer)
await app.listen({ host, port })
ready()
