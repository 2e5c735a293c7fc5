import { readdirSync, readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { Cluster } from 'ioredis'
import t, { type Test } from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import { dial, open } from '../redis/open.js'
import { accountContract } from '../stores/account-contract.js'
import { invalidationContract } from '../stores/invalidation-contract.js'
import { sessionContract } from '../stores/session-contract.js'
import { inShort, newAccount } from '../stores/subject.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-topologies.js'
import { acrossApps } from './apps.js'
import { listen, redisSubject } from './subject.js'

const root = new URL('../../', import.meta.url)

/** The arguments of the commands by which the documentation has an operator permit what is needed. */
const documented = [
  ...readFileSync(new URL('docs/redis.md', root), 'utf8').matchAll(
    /^redis-cli ACL (SETUSER (?:.*\\\n)*.*)$/gm,
  ),
].map(([, text = '']) =>
  text
    .replace(/[\\'\n]/g, ' ')
    .trim()
    .split(/ +/),
)
const [basic = [], database = [], cluster = []] = documented

/** Makes the user, as documented. */
const permit = async (server: RedisServer, ...commands: string[][]): Promise<void> => {
  for (const args of commands) {
    await server.command('ACL', ...args.map((arg) => arg.replace('PASSWORD', userPassword)))
  }
}
const userPassword = 'pass,word@1'
const credentials = `gatehouse:${encodeURIComponent(userPassword)}@`

const nothingWasDenied = async (t: Test, servers: readonly RedisServer[]) => {
  for (const server of servers) t.strictSame(await server.command('ACL', 'LOG'), [])
}

t.test('the documented permissions', async (t) => {
  t.test('are no more than the source has use for', async (t) => {
    const needed = new Set(['info', 'subscribe', 'publish', 'evalsha', 'eval'])
    const folder = new URL('src/redis/', root)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(ts|lua)$/.test(name)) continue
      const source = readFileSync(new URL(name, folder), 'utf8')
      const calls = name.endsWith('.lua') ? /redis\.p?call\s*\('(\w+)'/g : /\bclient\.(\w+)\(/g
      for (const [, call = ''] of source.matchAll(calls)) needed.add(call.toLowerCase())
    }
    for (const ours of ['on', 'once', 'disconnect']) needed.delete(ours)
    const permitted = basic.filter((arg) => arg.startsWith('+')).map((arg) => arg.slice(1))
    t.strictSame(permitted.sort(), [...needed].sort())
  })

  t.test('suffice for a server, and a database of it', async (t) => {
    const server = await startRedis(t)
    await permit(server, basic, database)
    const raw = await server.connect()
    await raw.select(2)
    const url = `redis://${credentials}127.0.0.1:${server.port}/2`
    const [{ stores }, { stores: elsewhere }] = [await open(t, { url }), await open(t, { url })]
    const subject = redisSubject(raw, stores, elsewhere)
    await t.test('accounts', async (t) => accountContract(t, subject))
    await t.test('sessions', async (t) => sessionContract(t, subject))
    await t.test('invalidations', async (t) => invalidationContract(t, subject))
    await t.test('apps', (t) => acrossApps(t, url))
    await nothingWasDenied(t, [server])
    t.equal(await server.command('DBSIZE'), 0, 'database 0 is as empty as it was')
  })

  t.test('suffice for a Cluster', async (t) => {
    const { nodes } = await startCluster(t)
    for (const node of nodes) await permit(node, basic, cluster)
    const raw = new Cluster(nodes.map(({ url }) => url))
    t.teardown(() => raw.disconnect())
    const url = nodes.map(({ port }) => `redis://${credentials}127.0.0.1:${port}`).join(',')
    const [{ stores }, { stores: elsewhere }] = [await open(t, { url }), await open(t, { url })]
    const subject = redisSubject(raw, stores, elsewhere)
    await t.test('accounts', async (t) => accountContract(t, subject))
    await t.test('sessions', async (t) => sessionContract(t, subject))
    await t.test('invalidations', async (t) => invalidationContract(t, subject))
    await nothingWasDenied(t, nodes)
  })
})

t.test('two deployments on one Redis keep out of each other’s way by their prefixes', async (t) => {
  const server = await startRedis(t)
  const raw = await server.connect()
  const [{ stores: one }, { stores: other }] = [
    await open(t, server),
    await open(t, { url: server.url, keyPrefix: 'gh:2:' }),
  ]
  const ear = listen(other)
  await ear.proved()
  const account = newAccount()
  t.equal(await one.accounts.create(account), 'created')
  t.equal(await other.accounts.create(account), 'created')
  const { sid: here } = await inShort(one).start(account.userId)
  const { sid: there } = await inShort(other).start(account.userId)
  t.equal(await one.sessions.find(account.userId, there), undefined)
  t.equal(await other.sessions.find(account.userId, here), undefined)

  ear.heard.length = 0
  t.equal(await one.sessions.endAll(account.userId), 1)
  // Had the other heard of it, it would have before it hears this.
  await raw.publish('gh:2:invalidate', 'fence')
  await ear.until(() => ear.heard.length > 0)
  t.strictSame(ear.heard, [{ userId: 'fence' }])
  t.match(await other.sessions.find(account.userId, there), { session: { sid: there } })
})

t.test('a wrong password is told to the log, and nothing that is secret', async (t) => {
  const { nodes } = await startCluster(t, {
    masters: 1,
    args: ['--cluster-announce-ip', '127.0.0.1'],
  })
  const [node] = nodes
  for (const urls of [1, 2]) {
    const url = Array(urls).fill(`redis://gatehouse:very-secret@127.0.0.1:${node?.port}`).join(',')
    const opened = dial(t, { url })
    await opened.next('lost')
    t.match(opened.causes[0], { message: /^WRONGPASS/ })
    t.notMatch(inspect(opened.causes, { depth: 9 }), 'very-secret')
    await t.rejects(opened.stores.ping(), StoreUnavailable)
  }
})
