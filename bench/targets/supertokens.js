/**
 * The verification of sessions by SuperTokens' SDK in a Fastify app: of a token by the keys of its core. The
 * core itself is not asked for anything else, so a stand-in here serves these keys.
 */
import { createSign, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import Fastify from 'fastify'
import supertokens from 'supertokens-node'
import { errorHandler } from 'supertokens-node/framework/fastify'
import Session from 'supertokens-node/recipe/session'
import { verifySession } from 'supertokens-node/recipe/session/framework/fastify'
import { answer, response } from './answer.js'
import { claims, host, port, ready } from './ready.js'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const kid = 'd-1'
const keys = [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }]
const core = createServer((request, reply) => {
  reply.setHeader('Content-Type', 'application/json')
  const isKeys = request.url?.includes('jwks.json')
  reply.end(JSON.stringify(isKeys ? { keys } : { versions: ['5.3', '5.4'] }))
}).listen(0, host)
await new Promise((resolve) => core.once('listening', resolve))

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = Math.floor(Date.now() / 1000)
const unsigned = [
  { alg: 'RS256', kid, typ: 'JWT', version: '5' },
  {
    ...claims,
    rsub: claims.sub,
    tId: 'public',
    iat: now,
    exp: now + 3_600,
    sessionHandle: 'session',
    refreshTokenHash1: 'hash',
    antiCsrfToken: null,
  },
]
  .map(encoded)
  .join('.')
const token = `${unsigned}.${createSign('RSA-SHA256').update(unsigned).sign(privateKey, 'base64url')}`

supertokens.init({
  framework: 'fastify',
  supertokens: { connectionURI: `http://${host}:${core.address().port}` },
  appInfo: {
    appName: 'bench',
    apiDomain: 'https://auth.example.com',
    websiteDomain: 'https://app.example.com',
  },
  recipeList: [Session.init({ getTokenTransferMethod: () => 'cookie' })],
})
const app = Fastify()
app.setErrorHandler(errorHandler())
app.get('/session', { schema: { response }, preHandler: verifySession() }, async () => answer)
await app.listen({ host, port })
ready(`sAccessToken=${token}`)
