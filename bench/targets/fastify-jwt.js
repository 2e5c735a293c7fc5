/**
 * The same route behind @fastify/jwt, which reads the token from a cookie. `CACHE` turns its cache on, and
 * `PLUGINS` adds what `plugins.js` has.
 */
import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import { answer, response } from './answer.js'
import { addPlugins } from './plugins.js'
import { claims, host, port, ready, secret } from './ready.js'

const app = Fastify()
if (process.env.PLUGINS) await addPlugins(app)
else await app.register(cookie)
await app.register(jwt, {
  secret,
  cookie: { cookieName: 'access_token', signed: false },
  sign: { algorithm: 'HS256', expiresIn: '1h' },
  verify: { algorithms: ['HS256'], cache: Boolean(process.env.CACHE) },
})
app.get(
  '/session',
  { schema: { response }, onRequest: (request) => request.jwtVerify() },
  async () => answer,
)
await app.listen({ host, port })
ready(`access_token=${app.jwt.sign(claims)}`)
