import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import t from 'tap'
import { refused } from '../support/answers.js'
import { build, type Device } from '../support/app.js'
import { elapse } from '../support/clock.js'
import { readJws } from '../support/jws.js'

const accessToken = (device: Device) => device.cookies().access_token ?? ''

t.test('POST /api/auth/introspect', async (t) => {
  const INTROSPECTION_TOKEN = 'letservicesask'
  const { client, signedUp, signedIn } = await build(t, { INTROSPECTION_TOKEN })
  const ask = (body: unknown, token = INTROSPECTION_TOKEN) =>
    client().post('/api/auth/introspect', body, { authorization: `Bearer ${token}` })
  const ada = await signedUp('ada')

  t.test('tells a service whom a token stands for', async (t) => {
    const token = accessToken(ada)
    const answer = await ask({ token })
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), {
      active: true,
      token_type: 'Bearer',
      ...readJws(token).claims,
      username: 'ada@example.com',
      email: 'ada@example.com',
      email_verified: false,
      name: 'ada',
    })
    t.equal(answer.headers['cache-control'], 'no-store')
  })

  t.test('tells nothing of a token that is not good now', async (t) => {
    const gone = await signedIn('ada')
    const dead = accessToken(gone)
    await gone.post('/api/auth/logout')
    for (const token of ['odd', dead, `${accessToken(ada)}x`, ada.cookies().refresh_token]) {
      t.strictSame((await ask({ token })).json(), { active: false })
    }
    const token = accessToken(await signedIn('ada'))
    elapse(t, 16 * 60_000)
    t.strictSame((await ask({ token })).json(), { active: false })
  })

  t.test('answers many at once, in their order', async (t) => {
    const token = accessToken(await signedIn('ada'))
    const { results } = (await ask({ tokens: ['odd', token, 'odd'] })).json()
    t.match(results, [{ active: false }, { active: true, sub: ada.userId }, { active: false }])
    const many = await ask({ tokens: Array(100).fill(token) })
    t.equal(many.json().results.length, 100)
  })

  t.test('refuses what is no question', async (t) => {
    const wrong: unknown[] = [
      {},
      { token: '' },
      { token: 1 },
      { token: ['x'] },
      { tokens: [] },
      { tokens: 'x' },
      { tokens: [1] },
      { tokens: Array(101).fill('x') },
      { token: 'x', tokens: ['x'] },
      { token: 'x', hint: 'y' },
      null,
      [],
    ]
    for (const body of wrong) {
      const answer = await ask(JSON.stringify(body))
      t.match(answer.json(), { code: 'VALIDATION_FAILED' }, JSON.stringify(body).slice(0, 40))
      t.equal(answer.statusCode, 400)
    }
  })

  t.test('is for services that have the secret, and nobody else', async (t) => {
    const token = accessToken(ada)
    refused(t, await client().post('/api/auth/introspect', { token }), 401, 'NO_TOKEN')
    refused(t, await ada.post('/api/auth/introspect', { token }), 401, 'NO_TOKEN')
    for (const secret of ['x', `${INTROSPECTION_TOKEN}x`, token]) {
      refused(t, await ask({ token }, secret), 401, 'INVALID_TOKEN')
    }
    refused(t, await ask('{', 'x'), 401, 'INVALID_TOKEN', {})
  })

  t.test('is not there where no secret is configured', async (t) => {
    const { client } = await build(t)
    const answer = await client().post(
      '/api/auth/introspect',
      { token: 'x' },
      { authorization: 'Bearer undefined' },
    )
    refused(t, answer, 404, 'NOT_FOUND')
  })
})

t.test('GET /.well-known/jwks.json', async (t) => {
  const url = '/.well-known/jwks.json'

  t.test('holds no key where tokens are signed with a secret', async (t) => {
    const { app } = await build(t)
    const answer = await app.inject(url)
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), { keys: [] })
    t.equal(answer.headers['cache-control'], 'public, max-age=300')
  })

  t.test('holds the keys that tokens can be verified with, the retired ones too', async (t) => {
    const [pair, retired] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
    const { app, signedUp } = await build(t, {
      JWT_ALGORITHM: 'EdDSA',
      JWT_PRIVATE_KEY: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      JWT_PUBLIC_KEYS_PREVIOUS: retired.publicKey
        .export({ type: 'spki', format: 'pem' })
        .toString(),
    })
    const { keys } = (await app.inject(url)).json()
    t.equal(keys.length, 2)
    const { x, ...rest } = keys[0]
    t.match(x, /^[\w-]{43}$/)
    const { kid } = readJws(accessToken(await signedUp('ada'))).header
    t.strictSame(rest, { kty: 'OKP', crv: 'Ed25519', kid, alg: 'EdDSA', use: 'sig' })
    const [head, claims, signature = ''] = accessToken(await signedUp('bob')).split('.')
    const key = createPublicKey({ key: keys[0], format: 'jwk' })
    const signed = Buffer.from(`${head}.${claims}`)
    t.ok(verify(null, signed, key, Buffer.from(signature, 'base64url')))
  })
})
