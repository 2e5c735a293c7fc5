/**
 * better-auth with accounts in memory, which is the fastest that it has. `WAY` is `handler`, its own HTTP
 * routes, or `api`, called from a route of Fastify's; `COOKIE_CACHE` turns its cookie cache on.
 */
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import Fastify from 'fastify'
import { host, port, ready } from './ready.js'

const auth = betterAuth({
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  secret: 'Vq1Zt8vYx3Lr5pWm7Nc9Bh2Jd4Fg6Sa0',
  baseURL: `http://${host}:${port}`,
  trustedOrigins: ['https://app.example.com'],
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  session: { cookieCache: { enabled: Boolean(process.env.COOKIE_CACHE), maxAge: 300 } },
})
const body = { email: 'user@example.com', password: 'Glass-Onion-31', name: 'Ada Lovelace' }
const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true })
const cookie = headers
  .getSetCookie()
  .map((line) => line.split(';')[0])
  .join('; ')

if (process.env.WAY === 'handler') {
  createServer(toNodeHandler(auth)).listen(port, host, () => ready(cookie))
} else {
  const app = Fastify()
  app.get('/session', async (request, reply) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) })
    return session ?? reply.code(401).send()
  })
  await app.listen({ host, port })
  ready(cookie)
}
