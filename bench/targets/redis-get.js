/** The same route, which reads one key of Redis first: what a session kept there costs at the least. */
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { answer, response } from './answer.js'
import { host, port, ready } from './ready.js'

const redis = new Redis(process.env.REDIS_URL)
await redis.set('session', JSON.stringify(answer.data))
const app = Fastify()
app.get('/session', { schema: { response } }, async () => ({
  ...answer,
  data: JSON.parse(await redis.get('session')),
}))
await app.listen({ host, port })
ready()
