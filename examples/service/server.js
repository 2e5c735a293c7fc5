/**
 * A service of its own that takes the access tokens of a Gatehouse running elsewhere.
 * `npm run example:service` starts it; README.md beside this file has a walk through it.
 */
import Fastify from 'fastify'
import { verifier } from 'gatehouse/verifier'

const { GATEHOUSE_URL = 'http://localhost:5000', PORT = '5001' } = process.env
const { JWT_SECRET, REDIS_URL, REDIS_KEY_PREFIX } = process.env

const app = Fastify({ logger: true })
await app.register(verifier, {
  // The public keys of the Gatehouse; or the secret that it signs with, where it signs with one.
  ...(JWT_SECRET ? { secret: JWT_SECRET } : { jwksUrl: `${GATEHOUSE_URL}/.well-known/jwks.json` }),
  // With its Redis what is revoked there is refused here at once, not only when the token expires.
  ...(REDIS_URL && { redisUrl: REDIS_URL }),
  ...(REDIS_KEY_PREFIX && { keyPrefix: REDIS_KEY_PREFIX }),
})

app.get('/orders', { onRequest: app.authenticate }, async ({ user }) => ({
  of: user.userId,
  orders: ['A glass onion'],
}))

app.get('/turnover', { onRequest: [app.authenticate, app.authorize(['admin'])] }, async () => ({
  turnover: 31,
}))

await app.listen({ host: '127.0.0.1', port: Number(PORT) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
