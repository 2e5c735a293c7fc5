import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import { dial } from '../redis/open.js'
import { password, person } from '../support/app.js'
import { freePort } from '../support/free-port.js'
import { type RedisOptions, type RedisServer, startRedis } from '../support/redis.js'
import { startApp } from './apps.js'

const folder = t.testdir()
const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
execFileSync('openssl', [
  ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'.split(' '),
  ...[
    '-subj',
    '/CN=test',
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  ],
])

/** A server that takes TLS on a port of its own. */
const startTls = async (t: Test, args: string[] = []): Promise<RedisServer & { tls: number }> => {
  const tls = await freePort()
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
  const options: RedisOptions = {
    args: ['--tls-port', String(tls), ...files, '--tls-auth-clients', 'no', ...args],
  }
  return Object.assign(await startRedis(t, options), { tls })
}

/** Signs somebody up on a server of its own that trusts the certificate. */
const signUp = async (t: Test, url: string): Promise<void> => {
  const app = await startApp(t, url, { NODE_EXTRA_CA_CERTS: cert })
  const answer = await fetch(`${app.url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(person('ada')),
  })
  t.equal(answer.status, 201, await answer.text())
  t.equal(app.stderr, '')
}

t.test('over TLS', async (t) => {
  t.test('a server is not believed whose certificate nobody has vouched for', async (t) => {
    const { tls } = await startTls(t)
    const { stores, next, causes } = dial(t, { url: `rediss://localhost:${tls}` })
    await next('lost')
    t.match(causes[0], { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await t.rejects(stores.ping(), StoreUnavailable)
  })

  t.test('user, password and database serve as without', async (t) => {
    const server = await startTls(t)
    await server.command('ACL', 'SETUSER', 'gatehouse', 'on', `>${password}`, '~*', '&*', '+@all')
    await signUp(t, `rediss://gatehouse:${password}@localhost:${server.tls}/3`)
    t.match(await server.command('INFO', 'keyspace'), /\r\ndb3:keys=/)
  })

  t.test('a Cluster serves', async (t) => {
    const args = ['--cluster-enabled', 'yes', '--tls-cluster', 'yes']
    const node = await startTls(t, [...args, '--cluster-announce-ip', '127.0.0.1'])
    const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
    await node.command('CLUSTER', 'ADDSLOTS', ...slots)
    await signUp(t, `rediss://localhost:${node.tls},rediss://gone.invalid:1`)
    t.ok(Number(await node.command('DBSIZE')) > 0)
  })
})
