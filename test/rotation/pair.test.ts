import { generateKeyPairSync } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { pairKey, secretKey } from '../../src/tokens/keys.js'
import { eventually, secrets } from '../support/app.js'
import { startService } from '../verifier/service.js'
import { deploy } from './deployment.js'
import { createPeople } from './people.js'

/*
 * docs/keys.md, 'Changing a key with no refused request', with a key pair, and another service that fetches
 * the public keys: three rolling restarts under load.
 */

const makePair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { privatePem, publicPem, kid: pairKey(publicPem).kid }
}

t.test('a key pair is changed under load, and no request is refused', async (t) => {
  const [old, next] = [makePair(), makePair()]
  const signing = ({ privatePem }: typeof old) => ({
    JWT_ALGORITHM: 'EdDSA',
    JWT_SECRET: secrets.JWT_SECRET,
    JWT_PRIVATE_KEY: privatePem,
  })
  const { send, balancer, restart } = await deploy(t, signing(old))
  const jwksUrl = `${balancer}/.well-known/jwks.json`
  // A service fetches the keys every 5 minutes; this one is as far behind for half a second.
  const service = await startService(t, { jwksUrl, jwksMaxAge: 500 })
  const people = await createPeople(t, send, async (token) => (await service.ask(token)).statusCode)
  const published = async () => {
    const { keys } = JSON.parse(await text(await send('/.well-known/jwks.json')))
    return keys.map(({ kid }: { kid: string }) => kid).sort()
  }
  const both = [old.kid, next.kid].sort()
  await people.rounds()
  t.strictSame(await published(), [old.kid])

  // 1. Accept the new one, and wait until every service has fetched the set again.
  await restart({ ...signing(old), JWT_PUBLIC_KEYS_PREVIOUS: next.publicPem })
  t.strictSame(await published(), both)
  await wait(1_000)
  await people.rounds()
  const refresh = [secretKey('HS256', secrets.JWT_REFRESH_SECRET).kid]
  t.strictSame(people.kids(), { access: [old.kid], refresh })

  // 2. Sign with the new one.
  await restart({ ...signing(next), JWT_PUBLIC_KEYS_PREVIOUS: old.publicPem })
  await people.rounds()
  t.strictSame(people.kids(), { access: [next.kid], refresh })
  t.strictSame(await published(), both)

  // 3. Drop the old one, when the last token of its own has expired: see `lives`.
  await wait(6_000)
  await restart(signing(next))
  await people.rounds()
  await eventually(async () => (await published()).length === 1)
  await people.leave()

  t.comment(JSON.stringify(people.counts))
  t.strictSame(people.refused, [])
  t.strictSame(await published(), [next.kid])
  t.ok(Math.min(...Object.values(people.counts)) > 10)
})
