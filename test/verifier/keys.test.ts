import { generateKeyPairSync } from 'node:crypto'
import Fastify from 'fastify'
import t from 'tap'
import { type VerifierOptions, verifier } from '../../src/verifier.js'
import { build, secrets } from '../support/app.js'
import { elapse } from '../support/clock.js'
import { readJws, signJws } from '../support/jws.js'
import { refusedBy, startService, tokenOf } from './service.js'

const minute = 60_000
const { JWT_SECRET: secret } = secrets
const otherSecret = 'Zx8Cv7Bn6Ma5Sd4Fg3Hj2Kl1Qw0Er9Ty'

const pairs = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
const privatePem = (algorithm: keyof typeof pairs): string =>
  pairs[algorithm].privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicPem = (algorithm: keyof typeof pairs): string =>
  pairs[algorithm].publicKey.export({ type: 'spki', format: 'pem' }).toString()

t.test('with the shared secret', async (t) => {
  const { signedUp } = await build(t)
  const ada = await signedUp('ada')
  const token = tokenOf(ada)
  const { header, claims } = readJws(token)
  const { ask } = await startService(t, { secret })

  t.test('a token says who is asking, and nothing personal', async (t) => {
    const answer = await ask(token)
    t.equal(answer.statusCode, 200)
    const { userId, sessionId } = ada
    const expiresAt = Number(claims.exp) * 1000
    t.strictSame(answer.json(), { userId, role: 'user', sessionId, expiresAt })
  })

  t.test('without one there is nothing', async (t) => {
    refusedBy(t, await ask(), 401, 'NO_TOKEN')
  })

  t.test('what is no access token of that Gatehouse is refused', async (t) => {
    const forged = (change: { header?: object; claims?: object; secret?: string }) =>
      signJws(
        { ...header, ...change.header },
        { ...claims, ...change.claims },
        change.secret ?? secret,
      )
    t.equal((await ask(forged({}))).statusCode, 200, 'but this one is')
    for (const odd of [
      'odd',
      forged({ secret: otherSecret }),
      forged({ header: { alg: 'none' } }),
      forged({ header: { alg: 'HS512' } }),
      forged({ header: { typ: 'JWT' } }),
      forged({ header: { kid: 'another' } }),
      forged({ header: { jku: 'https://evil.example' } }),
      forged({ claims: { iss: 'another' } }),
      forged({ claims: { aud: 'another' } }),
      forged({ claims: { role: 'emperor' } }),
      forged({ claims: { sub: undefined } }),
      forged({ claims: { exp: undefined } }),
      ada.cookies().refresh_token,
    ]) {
      refusedBy(t, await ask(odd), 401, 'INVALID_TOKEN')
    }
  })

  t.test('an expired one can be refreshed', async (t) => {
    elapse(t, 16 * minute)
    refusedBy(t, await ask(token), 401, 'TOKEN_EXPIRED', { requiresRefresh: true })
  })

  t.test('a role is demanded', async (t) => {
    const extras = { requiredRoles: ['admin'], userRole: 'user' }
    refusedBy(t, await ask(token, '/reports'), 403, 'INSUFFICIENT_PERMISSIONS', extras)
    const admin = signJws(header, { ...claims, role: 'admin' }, secret)
    t.equal((await ask(admin, '/reports')).statusCode, 200)
  })

  t.test('issuer, audience and previous secrets are those of the options', async (t) => {
    const moved = await startService(t, { secret: otherSecret, previousSecrets: [secret] })
    t.equal((await moved.ask(token)).statusCode, 200)
    for (const options of [{ issuer: 'another' }, { audience: 'another' }]) {
      const strict = await startService(t, { secret, ...options })
      refusedBy(t, await strict.ask(token), 401, 'INVALID_TOKEN')
    }
  })

  t.test('a cookie counts where it is named, and the header before it', async (t) => {
    const cookie = `access_token=${token}`
    refusedBy(
      t,
      await (await startService(t, { secret })).app.inject({ url: '/me', headers: { cookie } }),
      401,
      'NO_TOKEN',
    )
    const { app } = await startService(t, { secret, cookieName: 'access_token' })
    t.equal((await app.inject({ url: '/me', headers: { cookie } })).statusCode, 200)
    const both = { cookie, authorization: 'Bearer odd' }
    refusedBy(t, await app.inject({ url: '/me', headers: both }), 401, 'INVALID_TOKEN')
  })
})

for (const algorithm of ['EdDSA', 'ES256', 'RS256'] as const) {
  t.test(`with the public key of ${algorithm}`, async (t) => {
    const { signedUp } = await build(t, {
      JWT_ALGORITHM: algorithm,
      JWT_PRIVATE_KEY: privatePem(algorithm),
    })
    const ada = await signedUp('ada')
    const { header, claims } = readJws(tokenOf(ada))
    const { ask } = await startService(t, {
      publicKeys: Object.keys(pairs).map((name) => publicPem(name as typeof algorithm)),
    })
    t.match((await ask(tokenOf(ada))).json(), { userId: ada.userId })
    for (const alg of ['HS256', 'none']) {
      const forged = signJws({ ...header, alg }, claims, publicPem(algorithm))
      refusedBy(t, await ask(forged), 401, 'INVALID_TOKEN')
    }
    const wrong: VerifierOptions = {
      publicKeys: [publicPem(algorithm)],
      algorithm: algorithm === 'EdDSA' ? 'ES256' : 'EdDSA',
    }
    await t.rejects(startService(t, wrong), /publicKeys \(entry 1\) must be an? .* key for E/)
  })
}

t.test('options that can not be meant are refused, all at once', async (t) => {
  const jwksUrl = 'https://auth.example.com/.well-known/jwks.json'
  const refused: [VerifierOptions, RegExp][] = [
    [{}, /^Give one of jwksUrl, publicKeys and secret$/],
    [{ publicKeys: [] }, /Give one of/],
    [{ secret, publicKeys: [publicPem('EdDSA')] }, /Give one of/],
    [{ secret: 'short' }, /^secret must be at least 32 bytes$/],
    [{ secret, previousSecrets: ['changeme'.repeat(5)] }, /^secret looks like a placeholder/],
    [{ secret, algorithm: 'EdDSA' }, /algorithm EdDSA needs public keys/],
    [{ jwksUrl, algorithm: 'HS256' }, /algorithm HS256 needs a secret/],
    [{ publicKeys: ['odd'] }, /publicKeys \(entry 1\) must be a public key, in PEM form/],
    [{ publicKeys: [privatePem('EdDSA')] }, /publicKeys \(entry 1\) must be a public key/],
    [{ jwksUrl: 'odd' }, /jwksUrl must be an https:/],
    [{ jwksUrl: 'http://auth.example.com/jwks' }, /jwksUrl must be an https:/],
    [{ jwksUrl: 'http://127.0.0.1.example.com/jwks' }, /jwksUrl must be an https:/],
    [{ jwksUrl: 'file:///etc/passwd', insecureJwks: true }, /jwksUrl must be an https:/],
    [{ secret, redisUrl: 'http://localhost' }, /redisUrl must have one of the forms/],
    [{ secret, clockTolerance: 60_001 }, /clockTolerance must be a whole number from 0 to 60000/],
    [{ secret, cacheMax: -1, cacheTtl: 1.5 }, /cacheMax must.*\ncacheTtl must/],
  ]
  for (const [options, expected] of refused) {
    await t.rejects(startService(t, options), { name: 'ConfigError', message: expected })
  }
})

t.test('it is registered once, in an app that has no such guards', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(verifier, { secret })
  await t.rejects(async () => app.register(verifier, { secret }), /app.authenticate is taken/)
})
