import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import {
  accessKeys,
  type KeySettings,
  pairKey,
  publicKeySet,
  refreshKeys,
  secretKey,
} from '../../src/tokens/keys.js'

const pem = (jwk: object): string =>
  createPublicKey({ key: jwk as never, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()

const pairs = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
const privatePem = (algorithm: keyof typeof pairs): string =>
  pairs[algorithm].privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const publicPem = (algorithm: keyof typeof pairs): string =>
  pairs[algorithm].publicKey.export({ type: 'spki', format: 'pem' }).toString()

const settings: KeySettings = {
  JWT_ALGORITHM: 'HS256',
  JWT_SECRET: 'an access secret',
  JWT_REFRESH_SECRET: 'a refresh secret',
}

t.test("a key's id is its thumbprint", async (t) => {
  t.test('of an RSA key (the example of RFC 7638, 3.1)', async (t) => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const { kid } = pairKey(pem({ kty: 'RSA', n, e: 'AQAB' }))
    t.equal(kid, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  t.test('of an Ed25519 key (the example of RFC 8037, A.3)', async (t) => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    const { kid } = pairKey(pem({ kty: 'OKP', crv: 'Ed25519', x }))
    t.equal(kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  t.test('of a secret: the same on every instance, and it does not tell the secret', async (t) => {
    const { kid } = secretKey('HS256', 'a secret')
    // printf '{"k":"YSBzZWNyZXQ","kty":"oct"}' | openssl dgst -sha256 -binary | base64
    t.equal(kid, '56JfgNupXw5ff1uljVaR1DuQqT6hU5tV7v8IkyrDTmY')
    t.equal(secretKey('HS256', 'a secret').kid, kid)
    t.not(secretKey('HS256', 'another').kid, kid)
  })
})

for (const algorithm of ['EdDSA', 'ES256', 'RS256'] as const) {
  t.test(`${algorithm} keys`, async (t) => {
    t.test('are read from the private half, which signs', async (t) => {
      const key = pairKey(privatePem(algorithm))
      t.match(key, {
        algorithm,
        publicKey: publicPem(algorithm),
        privateKey: privatePem(algorithm),
      })
      t.equal(key.kid, pairKey(publicPem(algorithm)).kid, 'both halves have one id')
    })

    t.test('are read from the public half, which only verifies', async (t) => {
      t.notOk('privateKey' in pairKey(publicPem(algorithm)))
    })

    t.test('sign access tokens; retired ones are still accepted', async (t) => {
      const retired = generateKeyPairSync('ed25519')
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString()
      const keys = accessKeys({
        ...settings,
        JWT_ALGORITHM: algorithm,
        JWT_PRIVATE_KEY: privatePem(algorithm),
        JWT_PUBLIC_KEYS_PREVIOUS: [retired],
      })
      t.equal(keys.length, 2)
      t.match(keys[0], { algorithm, privateKey: privatePem(algorithm) })
      t.notOk(keys[1] && 'privateKey' in keys[1])
    })

    t.test('leave refresh tokens to the secret, whose signatures are repeatable', async (t) => {
      const [key, ...others] = refreshKeys({ ...settings, JWT_ALGORITHM: algorithm })
      t.match(key, { algorithm: 'HS256', secret: 'a refresh secret' })
      t.strictSame(others, [])
    })

    t.test('are published without their private halves', async (t) => {
      const { keys } = publicKeySet([pairKey(privatePem(algorithm))])
      const { kid } = pairKey(publicPem(algorithm))
      t.match(keys, [{ kid, alg: algorithm, use: 'sig', kty: /^(OKP|EC|RSA)$/ }])
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
        t.notOk(secret in (keys[0] ?? {}))
    })
  })
}

t.test('secrets', async (t) => {
  t.test('sign both kinds of tokens; retired ones are still accepted', async (t) => {
    for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
      const all: KeySettings = {
        ...settings,
        JWT_ALGORITHM: algorithm,
        JWT_SECRET_PREVIOUS: ['old', 'older'],
        JWT_REFRESH_SECRET_PREVIOUS: ['oldest'],
      }
      const secrets = (keys: ReturnType<typeof accessKeys>) =>
        keys.map((key) => [key.algorithm, 'secret' in key && key.secret])
      t.strictSame(
        secrets(accessKeys(all)),
        ['an access secret', 'old', 'older'].map((secret) => [algorithm, secret]),
      )
      t.strictSame(
        secrets(refreshKeys(all)),
        ['a refresh secret', 'oldest'].map((secret) => [algorithm, secret]),
      )
    }
  })

  t.test('are never published', async (t) => {
    t.strictSame(publicKeySet(accessKeys(settings)), { keys: [] })
  })
})

t.test('what can not sign is refused', async (t) => {
  t.throws(() => accessKeys({ ...settings, JWT_ALGORITHM: 'EdDSA' }), /JWT_PRIVATE_KEY is missing/)
  const x25519 = generateKeyPairSync('x25519')
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
  t.throws(() => pairKey(x25519), /Keys of type x25519 are not supported/)
  t.throws(() => pairKey('odd'))
})
