import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { signingKey } from '../../plugins/jwt-key.js'
import { createAccessTokens } from '../../src/tokens/access-token.js'
import { pairKey, publicKeySet } from '../../src/tokens/keys.js'
import { eventually } from '../support/app.js'
import { refusedBy, startService } from './service.js'

const settings = { issuer: 'gatehouse', audience: 'gatehouse-client', clockTolerance: 10 }
const never = 3_600_000

/** A key pair, and a token that it has signed. */
const makeKey = async (
  { privateKey }: { privateKey: KeyObject } = generateKeyPairSync('ed25519'),
) => {
  const key = pairKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const tokens = createAccessTokens([await signingKey('at+jwt', key)], {
    ...settings,
    lifetime: 900_000,
  })
  const now = Date.now()
  const { token } = tokens.issue(
    { userId: 'u1', role: 'user' },
    { sid: 's1', expiresAt: now + never },
    now,
  )
  const [jwk] = publicKeySet([key]).keys
  return { jwk, token }
}

/** Serves a JWKS, or what a test puts in its place; counts how often it is asked. */
const startJwks = async (t: Pick<Test, 'teardown'>, first: (reply: ServerResponse) => void) => {
  const server = createServer((_request, reply) => {
    served.asked += 1
    served.answer(reply)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const served = { url: `http://127.0.0.1:${port}/jwks`, asked: 0, answer: first }
  return served
}

const json = (value: unknown) => (reply: ServerResponse) => {
  reply.setHeader('content-type', 'application/json')
  reply.end(JSON.stringify(value))
}
const keys = (...made: Awaited<ReturnType<typeof makeKey>>[]) =>
  json({ keys: made.map(({ jwk }) => jwk) })

/** Puts the clock forward that bounds how often keys are asked for. */
const later = (t: Pick<Test, 'teardown'>, milliseconds: number) => {
  const real = performance.now
  performance.now = () => real.call(performance) + milliseconds
  t.teardown(() => {
    performance.now = real
  })
}

t.test('keys are fetched, and used as long as they are in the set', async (t) => {
  const [first, second] = [
    await makeKey(),
    await makeKey(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  ]
  const jwks = await startJwks(t, keys(first, second))
  const { ask } = await startService(t, { jwksUrl: jwks.url, jwksMaxAge: 100 })
  for (const { token } of [first, second]) t.equal((await ask(token)).statusCode, 200)
  jwks.answer = keys(second)
  await eventually(async () => (await ask(first.token)).statusCode === 401)
  refusedBy(t, await ask(first.token), 401, 'INVALID_TOKEN')
  t.equal((await ask(second.token)).statusCode, 200)
})

t.test('a key that nobody knows makes it ask, but not at the whim of strangers', async (t) => {
  const [first, second, third] = [await makeKey(), await makeKey(), await makeKey()]
  const jwks = await startJwks(t, keys(first))
  const { ask } = await startService(t, { jwksUrl: jwks.url, jwksMaxAge: never })
  t.equal(jwks.asked, 1)
  jwks.answer = keys(first, second)

  t.test('at most once in 5 seconds', async (t) => {
    refusedBy(t, await ask(second.token), 401, 'INVALID_TOKEN')
    t.equal(jwks.asked, 1)
    later(t, 5_000)
    const answers = await Promise.all([second, third, first, second].map(({ token }) => ask(token)))
    t.strictSame(
      answers.map(({ statusCode }) => statusCode),
      [200, 401, 200, 200],
    )
    await Promise.all(Array.from({ length: 20 }, () => ask(third.token)))
    t.equal(jwks.asked, 2, 'and all who wait for it share one request')
  })

  t.test('and not for what is no token', async (t) => {
    later(t, 10_000)
    for (const odd of [
      'odd',
      'e30.e30.',
      `${Buffer.from('{"kid":"x"}').toString('base64url')}.e30.`,
    ]) {
      refusedBy(t, await ask(odd), 401, 'INVALID_TOKEN')
    }
    t.equal(jwks.asked, 2)
  })
})

t.test('what is no answer changes nothing', async (t) => {
  const made = await makeKey()
  const other = await makeKey()
  const jwks = await startJwks(t, keys(made))
  const { ask } = await startService(t, { jwksUrl: jwks.url, jwksMaxAge: 100 })
  const small = { kty: 'RSA', n: 'AQAB', e: 'AQAB' }
  const answers: Record<string, (reply: ServerResponse) => void> = {
    'an error': (reply) => reply.writeHead(500).end('{"keys":[]}'),
    'a redirect': (reply) => reply.writeHead(302, { location: jwks.url }).end(),
    'no JSON': (reply) => reply.end('<html>'),
    'no set': json([]),
    'a set without keys': json({ keys: [] }),
    'keys of other kinds': json({
      keys: [small, { kty: 'oct', k: 'AQAB' }, { kty: 'EC', crv: 'P-384' }],
    }),
    'too many keys': json({ keys: Array(33).fill(other.jwk) }),
    'a body without end': (reply) => {
      reply.write(`{"keys":[${JSON.stringify(other.jwk)}],"more":"`)
      const timer = setInterval(() => reply.write('x'.repeat(20_000)), 1)
      reply.on('close', () => clearInterval(timer))
    },
    'a connection that breaks': (reply) => reply.destroy(),
  }
  for (const [name, answer] of Object.entries(answers)) {
    jwks.answer = answer
    const before = jwks.asked
    await eventually(async () => jwks.asked > before + 1)
    t.equal((await ask(made.token)).statusCode, 200, name)
    refusedBy(t, await ask(other.token), 401, 'INVALID_TOKEN')
  }
})

t.test('one that hangs delays nobody whose key is known', async (t) => {
  const made = await makeKey()
  const jwks = await startJwks(t, keys(made))
  const { ask } = await startService(t, { jwksUrl: jwks.url, jwksMaxAge: 100 })
  jwks.answer = () => {}
  await eventually(async () => jwks.asked > 1)
  const began = performance.now()
  t.equal((await ask(made.token)).statusCode, 200)
  t.ok(performance.now() - began < 1_000)
})

t.test('without any key so far it says so, and signs nobody out', async (t) => {
  const made = await makeKey()
  const jwks = await startJwks(t, (reply) => reply.writeHead(503).end())
  const { ask } = await startService(t, { jwksUrl: jwks.url, jwksMaxAge: 100 })
  refusedBy(t, await ask(made.token), 503, 'KEYS_UNAVAILABLE')
  refusedBy(t, await ask(), 401, 'NO_TOKEN')
  jwks.answer = keys(made)
  await eventually(async () => (await ask(made.token)).statusCode === 200)
  t.equal((await ask(made.token)).statusCode, 200)
})

t.test('of a set only keys of the algorithm that is asked for count', async (t) => {
  const [edwards, rsa] = [
    await makeKey(),
    await makeKey(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  ]
  const jwks = await startJwks(t, keys(edwards, rsa))
  const { ask } = await startService(t, { jwksUrl: jwks.url, algorithm: 'EdDSA' })
  t.equal((await ask(edwards.token)).statusCode, 200)
  refusedBy(t, await ask(rsa.token), 401, 'INVALID_TOKEN')
})

t.test('a set on another host may be had over http, if that is meant', async (t) => {
  // Nobody is there (RFC 6761, 6.4); what matters is that it is tried.
  const { ask } = await startService(t, { jwksUrl: 'http://jwks.invalid/', insecureJwks: true })
  refusedBy(t, await ask((await makeKey()).token), 503, 'KEYS_UNAVAILABLE')
})
