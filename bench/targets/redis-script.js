/** The same route, which runs one script of a few commands in Redis first. */
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { answer, response } from './answer.js'
import { host, port, ready } from './ready.js'

const redis = new Redis(process.env.REDIS_URL)
redis.defineCommand('turn', {
  numberOfKeys: 1,
  lua: "redis.call('HSET', KEYS[1], 'at', redis.call('TIME')[1]); return redis.call('HGETALL', KEYS[1])",
})
const app = Fastify()
app.get('/session', { schema: { response } }, async () => {
  await redis.turn('bench:turn')
  return answer
})
await app.listen({ host, port })
ready()
