import type { JsonWebKey } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createAccessCheck } from '../../src/tokens/access-token.js'
import type { Verdict } from '../../src/tokens/jwt.js'
import { type HmacAlgorithm, type Key, secretKey } from '../../src/tokens/keys.js'
import { verifyingKey } from '../../src/tokens/signature.js'
import { createFetchKeys } from '../../src/verifier/fetch-keys.js'
import { createFetchedRing } from '../../src/verifier/key-ring.js'
import { build } from '../support/app.js'

interface Vector {
  tcId: number
  comment: string
  result: 'valid' | 'invalid'
  jws: string
}

type Jwk = JsonWebKey & { kid?: string; alg?: string }

interface Group<Of> {
  comment: string
  key: Of
  tests: Vector[]
}

const read = <Of>(name: string): Group<Of>[] =>
  JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'))

const settings = { issuer: 'gatehouse', audience: 'gatehouse-client', clockTolerance: 10 }
const now = Math.floor(Date.now() / 1000)
const ids = { sub: 'u1', sid: 's1', jti: 'j1' }
const claims = {
  iss: settings.issuer,
  aud: settings.audience,
  ...ids,
  ...{ iat: now, nbf: now, exp: now + 900, role: 'user' },
}

/**
 * What the server's own check of access tokens says of a vector. It demands more than a signature: a header
 * of exactly `alg`, `typ` and our own `kid`, and the claims of an access token, neither of which a vector has.
 * So that the signature is what decides, whoever reads JSON reads these out of the vector's own bytes: its
 * header with our two members in place of its key id, and good claims in place of its payload. The bytes that
 * are signed, base64, algorithm, key and signature stay what they are.
 */
const decide = (
  verify: (token: string) => Verdict<unknown>,
  jws: string,
  kids: Record<string, string>,
): Vector['result'] => {
  const parse = JSON.parse
  const header = Buffer.from(jws.slice(0, jws.indexOf('.')), 'base64url').toString()
  JSON.parse = (text: string) => {
    if (text !== header) return claims
    const { kid, ...members } = parse(text)
    return { ...members, typ: 'at+jwt', kid: kids[kid] ?? kid }
  }
  try {
    return 'claims' in verify(jws) ? 'valid' : 'invalid'
  } finally {
    JSON.parse = parse
  }
}

/** A check with the keys of a JWK Set, fetched as the verifier of another service does it. */
const fetched = async (t: Pick<Test, 'teardown'>, set: { keys: Jwk[] }) => {
  const server = createServer((_request, reply) => reply.end(JSON.stringify(set)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const fetchKeys = createFetchKeys(`http://127.0.0.1:${port}/`)
  const made: Key[] = []
  const ring = await createFetchedRing(
    async () => {
      made.push(...(await fetchKeys()))
      return made
    },
    { ...settings, maxAge: 3_600_000 },
    () => {},
  )
  server.close()
  server.closeAllConnections()
  t.teardown(() => ring.close())
  // A set with one key that we can use has one that the vectors' name stands for.
  const [kid = ''] = set.keys.map(({ kid }) => kid)
  return { verify: ring.verify, kids: { [kid]: made[0]?.kid ?? '' } }
}

/** The same with a secret, which no set hands out. */
const shared = ({ alg, k = '', kid = '' }: Jwk) => {
  const key = secretKey(alg as HmacAlgorithm, k)
  // The configuration takes text; these are bytes, which node:crypto takes as well.
  const secret = Buffer.from(k, 'base64url') as unknown as string
  const bound = verifyingKey({ ...key, algorithm: alg as HmacAlgorithm, secret })
  return { verify: createAccessCheck([bound], settings), kids: { [kid]: key.kid } }
}

/** Where we decide otherwise than the vector says, and why. */
type Exceptions = Record<number, string>

const twin = 'byte for byte the token of 357, which is valid'
const notBase64 = 'the token has a character that is not of base64url (RFC 7515, 2)'

/** Algorithms that nobody can choose here: what they have signed is refused, right or wrong. */
const notOurs = /^(RS384|RS512|PS\d+|ES512)$/

t.test('JSON web signatures', async (t) => {
  const exceptions: Exceptions = { 367: twin, 370: twin, 372: notBase64, 373: notBase64 }
  const counts = { groups: 0, valid: 0, invalid: 0, notOurs: 0, exceptions: 0 }

  for (const { comment, key, tests } of read<Jwk>('json-web-signatures')) {
    counts.groups += 1
    const { verify, kids } = await (key.kty === 'oct' ? shared(key) : fetched(t, { keys: [key] }))
    for (const { tcId, result, comment: what, jws } of tests) {
      const name = `${tcId} ${comment}: ${what}`
      const decided = decide(verify, jws, kids)
      const header = Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()
      const [, alg = ''] = /"alg" *: *"(\w+)"/.exec(header) ?? []
      if (notOurs.test(alg)) {
        counts.notOurs += 1
        t.equal(decided, 'invalid', `${name}, of an algorithm that is not taken`)
      } else if (tcId in exceptions) {
        counts.exceptions += 1
        t.not(decided, result, `${name}, but ${exceptions[tcId]}`)
      } else {
        counts[result] += 1
        t.equal(decided, result, name)
      }
    }
  }
  t.strictSame(counts, { groups: 23, valid: 18, invalid: 299, notOurs: 80, exceptions: 4 })
})

t.test('JSON web keys', async (t) => {
  const noSecret = 'a set that is fetched hands out no secrets, so none of it is taken'
  const exceptions: Exceptions = { 2: noSecret, 13: noSecret, 14: noSecret, 15: noSecret }
  const counts = { valid: 0, invalid: 0, exceptions: 0 }

  for (const { comment, key: set, tests } of read<{ keys: Jwk[] }>('json-web-keys')) {
    const { verify, kids } = await fetched(t, set)
    for (const { tcId, result, comment: what, jws } of tests) {
      const name = `${tcId} ${comment}: ${what}`
      const decided = decide(verify, jws, kids)
      const why = exceptions[tcId]
      counts[why === undefined ? result : 'exceptions'] += 1
      if (why === undefined) t.equal(decided, result, name)
      else t.not(decided, result, `${name}, but ${why}`)
    }
  }
  t.strictSame(counts, { valid: 1, invalid: 21, exceptions: 4 })
})

t.test('none of them is an access token, right or wrong', async (t) => {
  const { client } = await build(t)
  const { get } = client()
  const tokens = read<Jwk>('json-web-signatures').flatMap(({ tests }) => tests)
  for (const { tcId, jws } of tokens) {
    const answer = await get('/api/profile', { authorization: `Bearer ${jws}` })
    t.match(answer.json(), { code: /^(INVALID_TOKEN|NO_TOKEN)$/ }, `${tcId}`)
    t.equal(answer.statusCode, 401)
  }
  t.equal(tokens.length, 401)
})
