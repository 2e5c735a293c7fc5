import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { Account } from '../../src/accounts/account.js'
import type { Session } from '../../src/sessions/session.js'
import { pairKey, secretKey } from '../../src/tokens/keys.js'
import { build, secrets } from '../support/app.js'
import { elapse } from '../support/clock.js'
import { readJws, signJws } from '../support/jws.js'

const second = 1_000
const minute = 60 * second
const { JWT_SECRET: secret, JWT_REFRESH_SECRET: refreshSecret } = secrets
const previous = 'Zx8Cv7Bn6Ma5Sd4Fg3Hj2Kl1Qw0Er9Ty'
const previousRefresh = 'Po1Iu2Yt3Re4Wq5Lk6Jh7Gf8Ds9Am0Nb'

const account: Account = {
  userId: 'u1',
  email: 'ada@example.com',
  name: 'Ada',
  role: 'user',
  emailVerified: true,
  isActive: true,
  passwordHash: '$argon2id$',
  passwordVersion: 1,
  createdAt: 0,
  lastLoginAt: 0,
}
const session = (now: number, life = 7 * 24 * 60 * minute): Session => ({
  sid: 's1',
  createdAt: now,
  rotatedAt: now,
  generation: 3,
  expiresAt: now + life,
  endsAt: now + life,
  ip: '192.0.2.1',
  userAgent: 'a browser',
})

/** The tokens of an app, which are those of the server with its real keys and its JWS library. */
const tokensOf = async (t: Parameters<typeof build>[0], variables = {}) => {
  const { app } = await build(t, variables)
  const { access, refresh } = app.tokens
  const now = Date.now()
  return {
    access,
    refresh,
    accessToken: access.issue(account, session(now), now).token,
    refreshToken: refresh.issue(account.userId, session(now), now).token,
  }
}

const without = (record: Record<string, unknown>, name: string) => {
  const { [name]: _, ...rest } = record
  return rest
}

t.test('an access token', async (t) => {
  const { access, accessToken } = await tokensOf(t)
  const { header, claims } = readJws(accessToken)
  const verdict = (head: Parameters<typeof signJws>[0], body: unknown, key = secret) =>
    access.verify(signJws(head, body, key))
  const invalid = { refused: 'invalid' }
  const seconds = () => Math.floor(Date.now() / 1000)

  t.test('bears what a service needs, and nothing personal', async (t) => {
    const { kid } = secretKey('HS256', secret)
    t.strictSame(header, { alg: 'HS256', typ: 'at+jwt', kid })
    const { jti, iat, ...rest } = claims
    t.match({ jti, iat }, { jti: /^\w{22}$/, iat: Number })
    const life = { nbf: iat, exp: Number(iat) + 900 }
    const about = { sub: 'u1', sid: 's1', role: 'user' }
    t.strictSame(rest, { iss: 'gatehouse', aud: 'gatehouse-client', ...about, ...life })
    t.strictSame(access.verify(accessToken), { claims })
    t.strictSame(verdict(header, claims), { claims }, 'as does the same token made elsewhere')
  })

  t.test('has an id of its own each time', async (t) => {
    const now = Date.now()
    const again = access.issue(account, session(now), now).token
    t.not(readJws(again).claims.jti, claims.jti)
  })

  t.test('never outlives its session', async (t) => {
    const now = Date.now()
    const { token, expiresIn } = access.issue(account, session(now, 5 * minute), now)
    t.equal(readJws(token).claims.exp, Math.floor((now + 5 * minute) / 1000))
    t.ok(Math.abs(expiresIn - 300) <= 1)
  })

  t.test('needs every claim', async (t) => {
    for (const name of Object.keys(claims)) {
      t.strictSame(verdict(header, without(claims, name)), invalid, name)
    }
  })

  t.test('needs every claim to be of its kind', async (t) => {
    const now = seconds()
    const odd: Record<string, unknown[]> = {
      iss: ['other', '', null, 1, ['gatehouse'], 'Gatehouse', 'gatehouse '],
      aud: ['other', '', null, 1, ['gatehouse-client'], ['gatehouse-client', 'x'], []],
      sub: ['', null, 1, 'x'.repeat(65), ['u1']],
      sid: ['', null, 1, 'x'.repeat(65)],
      jti: ['', null, 1, 'x'.repeat(129)],
      iat: [null, '1', -1, 1.5, now + minute, 1e300, true],
      nbf: [null, '1', -1, 1.5, now + minute],
      exp: [null, String(now + 900), now + 900.5, true, {}, [now + 900]],
      role: ['root', '', null, ['user'], 'User'],
    }
    for (const [name, values] of Object.entries(odd)) {
      for (const value of values) {
        t.strictSame(
          verdict(header, { ...claims, [name]: value }),
          invalid,
          `${name}: ${JSON.stringify(value)}`,
        )
      }
    }
  })

  t.test('needs claims that are an object', async (t) => {
    for (const body of ['null', '[]', '1', '"text"', '', '{', '{}', '{"a":1}}']) {
      t.strictSame(verdict(header, body), invalid, body)
    }
  })

  t.test('needs exactly the header that we give', async (t) => {
    const odd: Record<string, unknown> = {
      'no type': without(header, 'typ'),
      'a plain JWT': { ...header, typ: 'JWT' },
      'a refresh token': { ...header, typ: 'rt+jwt' },
      'a type in another case': { ...header, typ: 'AT+JWT' },
      'a type with its prefix': { ...header, typ: 'application/at+jwt' },
      'no key id': without(header, 'kid'),
      'an unknown key id': { ...header, kid: 'x' },
      'a key id of the other kind': { ...header, kid: secretKey('HS256', refreshSecret).kid },
      'a key id that objects have': { ...header, kid: '__proto__' },
      'a key id that is none': { ...header, kid: 1 },
      'several key ids': { ...header, kid: [header.kid] },
      'no algorithm': without(header, 'alg'),
      none: { ...header, alg: 'none' },
      'None, in capitals': { ...header, alg: 'NONE' },
      'another HMAC': { ...header, alg: 'HS384' },
      'the longest HMAC': { ...header, alg: 'HS512' },
      'an algorithm in another case': { ...header, alg: 'hs256' },
      'a signature algorithm': { ...header, alg: 'RS256' },
      'several algorithms': { ...header, alg: ['HS256'] },
      'a critical extension': { ...header, crit: ['exp'], exp: 1 },
      'an empty critical list': { ...header, crit: [] },
      'an unencoded payload': { ...header, b64: false, crit: ['b64'] },
      'a key of its own': {
        ...header,
        jwk: { kty: 'oct', k: Buffer.from(secret).toString('base64url') },
      },
      'the address of a key': { ...header, jku: 'https://evil.example/jwks.json' },
      'the address of a certificate': { ...header, x5u: 'https://evil.example/cert.pem' },
      'a certificate': { ...header, x5c: ['MIIB'] },
      'a thumbprint': { ...header, x5t: 'x' },
      'a content type': { ...header, cty: 'JWT' },
      compression: { ...header, zip: 'DEF' },
      encryption: { ...header, enc: 'A128GCM' },
      'an unknown member': { ...header, more: null },
      nothing: {},
    }
    for (const [what, head] of Object.entries(odd)) {
      t.strictSame(verdict(head as Record<string, unknown>, claims), invalid, what)
    }
    t.strictSame(
      access.verify(signJws({ ...header, alg: 'none' }, claims, '') + accessToken.split('.')[2]),
      invalid,
      'none, with a signature',
    )
    for (const head of ['null', '[]', '"HS256"', '1']) {
      t.strictSame(
        access.verify(
          [Buffer.from(head).toString('base64url'), ...accessToken.split('.').slice(1)].join('.'),
        ),
        invalid,
        head,
      )
    }
  })

  t.test('needs a signature by the secret', async (t) => {
    t.strictSame(verdict(header, claims, 'another secret'), invalid)
    t.strictSame(verdict(header, claims, refreshSecret), invalid)
    t.strictSame(verdict(header, claims, `${secret} `), invalid)
    const [head, body, signature = ''] = accessToken.split('.')
    for (const other of ['', 'x', signature.slice(0, -2), signature + signature, '=', 'AAAA']) {
      t.strictSame(access.verify(`${head}.${body}.${other}`), invalid)
    }
  })

  t.test('needs three parts, and no more', async (t) => {
    const parts = accessToken.split('.')
    for (const text of [
      '',
      '.',
      '..',
      '...',
      parts[0],
      parts.slice(0, 2).join('.'),
      `${accessToken}.`,
      `${accessToken}.x`,
      `.${accessToken}`,
      ` ${accessToken}`,
      `${accessToken}\n`,
      accessToken.replaceAll('.', ' '),
      'x'.repeat(10_000),
    ]) {
      t.strictSame(access.verify(text ?? ''), invalid, `'${text}'`)
    }
  })

  t.test('changed by any one character is refused, however the change reads', async (t) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \u00e9'
    fc.assert(
      fc.property(
        fc.nat(accessToken.length - 1),
        fc.constantFrom(...alphabet),
        fc.boolean(),
        (at, character, insert) => {
          const twin =
            accessToken.slice(0, at) + character + accessToken.slice(insert ? at : at + 1)
          return twin === accessToken || 'refused' in access.verify(twin)
        },
      ),
      { numRuns: 500 },
    )
    // The last character of an HS256 signature has two bits that say nothing, and so three twins.
    const last = alphabet.indexOf(accessToken.slice(-1))
    for (const twin of [1, 2, 3].map((bits) => alphabet[last ^ bits])) {
      t.strictSame(access.verify(accessToken.slice(0, -1) + twin), invalid)
    }
  })

  t.test('may come from a clock that goes ahead a little, or behind', async (t) => {
    const now = seconds()
    const ahead = { ...claims, iat: now + 8, nbf: now + 8, exp: now + 900 }
    t.match(verdict(header, ahead), { claims: { iat: now + 8 } })
    t.strictSame(verdict(header, { ...ahead, iat: now + 12 }), invalid)
    t.strictSame(verdict(header, { ...ahead, nbf: now + 12 }), invalid)
    t.match(verdict(header, { ...claims, exp: now - 8 }), { claims: {} })
    t.strictSame(verdict(header, { ...claims, exp: now - 12 }), { refused: 'expired' })
  })

  t.test('is called expired only where it is genuine', async (t) => {
    const old = { ...claims, exp: 1 }
    t.strictSame(verdict(header, old), { refused: 'expired' })
    t.strictSame(verdict(header, old, 'another secret'), invalid)
    t.strictSame(verdict(header, { ...old, aud: 'other' }), invalid)
    t.strictSame(verdict(header, without(old, 'sid')), invalid)
  })

  t.test('expires by itself', async (t) => {
    elapse(t, 15 * minute)
    t.match(access.verify(accessToken), { claims: {} })
    elapse(t, 11 * second)
    t.strictSame(access.verify(accessToken), { refused: 'expired' })
  })
})

t.test('without tolerance clocks have to agree', async (t) => {
  const { access, accessToken } = await tokensOf(t, { JWT_CLOCK_TOLERANCE: '0s' })
  const { header, claims } = readJws(accessToken)
  const now = Math.floor(Date.now() / 1000)
  t.strictSame(access.verify(signJws(header, { ...claims, exp: now - 1 }, secret)), {
    refused: 'expired',
  })
  t.strictSame(access.verify(signJws(header, { ...claims, iat: now + 2 }, secret)), {
    refused: 'invalid',
  })
})

t.test('a refresh token', async (t) => {
  const { access, refresh, refreshToken, accessToken } = await tokensOf(t)
  const { header, claims } = readJws(refreshToken)
  const read = (head: Record<string, unknown>, body: unknown, key = refreshSecret) =>
    refresh.read(signJws(head, body, key))

  t.test('names the session and its generation, and nothing else', async (t) => {
    const { kid } = secretKey('HS256', refreshSecret)
    t.strictSame(header, { alg: 'HS256', typ: 'rt+jwt', kid })
    const { iat, exp, ...rest } = claims
    t.equal(Number(exp) - Number(iat), 7 * 24 * 3_600)
    const ids = { sub: 'u1', sid: 's1', jti: 's1.3' }
    t.strictSame(rest, { iss: 'gatehouse', aud: 'gatehouse-client', ...ids })
    t.strictSame(refresh.read(refreshToken), { userId: 'u1', sid: 's1', generation: 3 })
  })

  t.test('is the same byte for byte for the same session, whenever it is made', async (t) => {
    const now = Date.now()
    const one = refresh.issue('u1', session(now), now)
    elapse(t, 5 * minute)
    const two = refresh.issue('u1', session(now), now + 5 * minute)
    t.equal(two.token, one.token)
    t.equal(one.expiresIn - two.expiresIn, 300)
    const next = refresh.issue('u1', { ...session(now), generation: 4 }, now)
    t.not(next.token, one.token)
  })

  t.test('never has less than no life left', async (t) => {
    const now = Date.now()
    t.equal(refresh.issue('u1', session(now, minute), now + 2 * minute).expiresIn, 0)
  })

  t.test('with an id that we do not give names no generation', async (t) => {
    for (const jti of ['x', 's1', 's1.', 's1.0', 's1.03', 's1.-1', 's1.1e3', 's1.9.9', 's2.3']) {
      t.match(read(header, { ...claims, jti }), { generation: 0 }, jti)
    }
    t.match(read(header, { ...claims, jti: `s1.${'9'.repeat(16)}` }), { generation: 0 })
    t.match(read(header, { ...claims, jti: 's1.42' }), { generation: 42 })
  })

  t.test('needs every claim', async (t) => {
    for (const name of Object.keys(claims)) {
      t.equal(read(header, without(claims, name)), undefined, name)
    }
  })

  t.test('that is expired, forged or none says nothing', async (t) => {
    t.equal(read(header, { ...claims, exp: 1 }), undefined)
    t.equal(read(header, claims, 'another secret'), undefined)
    t.equal(read({ ...header, alg: 'none' }, claims, ''), undefined)
    t.equal(refresh.read('odd'), undefined)
  })

  t.test('is never taken for an access token, nor the other way round', async (t) => {
    t.strictSame(access.verify(refreshToken), { refused: 'invalid' })
    t.equal(refresh.read(accessToken), undefined)
    // Nor with the other's type, key id and secret in whatever mixture.
    const other = readJws(accessToken)
    for (const typ of ['at+jwt', 'rt+jwt']) {
      for (const kid of [header.kid, other.header.kid]) {
        for (const key of [secret, refreshSecret]) {
          const isAccess = typ === 'at+jwt' && kid === other.header.kid && key === secret
          const isRefresh = typ === 'rt+jwt' && kid === header.kid && key === refreshSecret
          const all = { ...claims, ...other.claims }
          const token = signJws({ alg: 'HS256', typ, kid }, all, key)
          t.equal('claims' in access.verify(token), isAccess)
          t.equal(refresh.read(token) !== undefined, isRefresh)
        }
      }
    }
  })
})

t.test('after a change of the secrets', async (t) => {
  const old = await tokensOf(t, { JWT_SECRET: previous, JWT_REFRESH_SECRET: previousRefresh })
  const changed = await tokensOf(t, {
    JWT_SECRET_PREVIOUS: previous,
    JWT_REFRESH_SECRET_PREVIOUS: previousRefresh,
  })

  t.test('tokens of before are accepted', async (t) => {
    t.match(changed.access.verify(old.accessToken), { claims: { sid: 's1' } })
    t.match(changed.refresh.read(old.refreshToken), { generation: 3 })
  })

  t.test('new ones are signed with the new secrets alone', async (t) => {
    const { kid } = secretKey('HS256', secret)
    t.equal(readJws(changed.accessToken).header.kid, kid)
    t.strictSame(old.access.verify(changed.accessToken), { refused: 'invalid' })
    t.equal(old.refresh.read(changed.refreshToken), undefined)
  })

  t.test('an old key verifies what bears its own id, and no more', async (t) => {
    const { header, claims } = readJws(changed.accessToken)
    t.strictSame(changed.access.verify(signJws(header, claims, previous)), { refused: 'invalid' })
  })

  t.test('tokens of before are refused once the old secrets are forgotten', async (t) => {
    const forgotten = await tokensOf(t)
    t.strictSame(forgotten.access.verify(old.accessToken), { refused: 'invalid' })
    t.equal(forgotten.refresh.read(old.refreshToken), undefined)
  })
})

t.test('after a change of the algorithm', async (t) => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pair = {
    JWT_ALGORITHM: 'EdDSA',
    JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
  const [hs256, hs512, edwards] = [
    await tokensOf(t),
    await tokensOf(t, { JWT_ALGORITHM: 'HS512' }),
    await tokensOf(t, pair),
  ]

  t.test('access tokens of the other are refused', async (t) => {
    for (const [one, other] of [
      [hs256, edwards],
      [edwards, hs256],
      [hs256, hs512],
    ] as const) {
      t.strictSame(one.access.verify(other.accessToken), { refused: 'invalid' })
    }
  })

  t.test('refresh tokens live on between HS256 and a key pair, and nowhere else', async (t) => {
    t.match(edwards.refresh.read(hs256.refreshToken), { generation: 3 })
    t.match(hs256.refresh.read(edwards.refreshToken), { generation: 3 })
    t.equal(hs512.refresh.read(hs256.refreshToken), undefined)
    t.equal(edwards.refresh.read(hs512.refreshToken), undefined)
  })
})

const pairs = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
}

for (const [algorithm, make] of Object.entries(pairs)) {
  t.test(`with ${algorithm}`, async (t) => {
    const [now, retired] = [make(), make()]
    const privatePem = (pair: typeof now) =>
      pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const publicPem = (pair: typeof now) =>
      pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const asymmetric = await tokensOf(t, {
      JWT_ALGORITHM: algorithm,
      JWT_PRIVATE_KEY: privatePem(now),
      JWT_PUBLIC_KEYS_PREVIOUS: publicPem(retired),
    })
    const { header, claims } = readJws(asymmetric.accessToken)

    t.test('access tokens are signed with the private key', async (t) => {
      t.strictSame(header, { alg: algorithm, typ: 'at+jwt', kid: pairKey(publicPem(now)).kid })
      t.strictSame(asymmetric.access.verify(asymmetric.accessToken), { claims })
    })

    t.test('those of a retired key are accepted', async (t) => {
      const before = await tokensOf(t, {
        JWT_ALGORITHM: algorithm,
        JWT_PRIVATE_KEY: privatePem(retired),
      })
      t.match(asymmetric.access.verify(before.accessToken), { claims: { sid: 's1' } })
      t.strictSame(before.access.verify(asymmetric.accessToken), { refused: 'invalid' })
    })

    t.test('the public key is no secret that one could sign with', async (t) => {
      for (const alg of ['HS256', algorithm]) {
        for (const key of [publicPem(now), publicPem(now).trim(), secret]) {
          const input = signJws({ ...header, alg: 'HS256' }, claims, key)
          const token = alg === 'HS256' ? input : signJws(header, claims, key)
          t.strictSame(asymmetric.access.verify(token), { refused: 'invalid' })
        }
      }
    })

    t.test('another key of the kind signs nothing', async (t) => {
      const [head, body] = asymmetric.accessToken.split('.')
      const hash = algorithm === 'EdDSA' ? undefined : 'sha256'
      const key = { key: make().privateKey, dsaEncoding: 'ieee-p1363' as const }
      const signature = sign(hash, Buffer.from(`${head}.${body}`), key).toString('base64url')
      t.strictSame(asymmetric.access.verify(`${head}.${body}.${signature}`), {
        refused: 'invalid',
      })
    })

    t.test('refresh tokens are still signed with their secret', async (t) => {
      t.equal(readJws(asymmetric.refreshToken).header.alg, 'HS256')
      t.match(asymmetric.refresh.read(asymmetric.refreshToken), { generation: 3 })
    })
  })
}
