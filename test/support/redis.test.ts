import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { freePort } from './free-port.js'
import { startRedis } from './redis.js'
import { startCluster, startSentinelGroup } from './redis-topologies.js'
import { startProxy } from './tcp-proxy.js'

t.test('startRedis', async (t) => {
  t.test('answers at its URL and is gone with its folder after the test', async (t) => {
    let pid = 0
    let folder = ''
    await t.test('uses one', async (t) => {
      const redis = await startRedis(t)
      pid = redis.pid
      folder = String(((await redis.command('CONFIG', 'GET', 'dir')) as string[])[1])
      t.equal(await redis.command('SET', 'a', 1), 'OK')
      const client = await redis.connect()
      t.equal(await client.get('a'), '1')
      t.equal(redis.url, `redis://127.0.0.1:${redis.port}`)
    })
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    t.notOk(existsSync(folder))
  })

  t.test('keeps what was acknowledged over a kill -9 when durable', async (t) => {
    const redis = await startRedis(t, { durable: true })
    await redis.command('SET', 'a', 1)
    await redis.kill('SIGKILL')
    await t.rejects(redis.command('GET', 'a'), 'it is down')
    await redis.start()
    t.equal(await redis.command('GET', 'a'), '1')
    await redis.stop()
    await redis.start()
    t.equal(await redis.command('GET', 'a'), '1')
  })

  t.test('hangs and goes on', async (t) => {
    const redis = await startRedis(t)
    await redis.kill('SIGSTOP')
    const answer = redis.command('PING')
    const silence = once(AbortSignal.timeout(100), 'abort').then(() => 'silence')
    t.equal(await Promise.race([answer, silence]), 'silence')
    await redis.kill('SIGCONT')
    t.equal(await answer, 'PONG')
    await redis.kill('SIGSTOP')
    await redis.stop()
    t.throws(() => redis.pid, /not running/, 'stops even while it hangs')
  })

  t.test('takes arguments, a configuration and a port', async (t) => {
    const port = await freePort()
    const redis = await startRedis(t, { port, args: ['--maxmemory', '4mb'], config: ['hz 20'] })
    t.equal(redis.port, port)
    t.strictSame(await redis.command('CONFIG', 'GET', 'maxmemory'), ['maxmemory', '4194304'])
    t.strictSame(await redis.command('CONFIG', 'GET', 'hz'), ['hz', '20'])
    await t.rejects(startRedis(t, { port }), /is taken/)
    await t.rejects(startRedis(t, { args: ['--nonsense'] }), /did not start.*nonsense/s)
  })
})

t.test('startCluster', async (t) => {
  const { nodes, url } = await startCluster(t)
  t.match(url, /^(redis:\/\/127\.0\.0\.1:\d+,?){3}$/)
  const keys = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(
    keys.map((key) => nodes[0]?.command('SET', key, 1).catch((error: Error) => error.message)),
  )
  t.ok(answers.includes('OK'))
  t.ok(answers.some((answer) => String(answer).startsWith('MOVED')))
})

t.test('startSentinelGroup', async (t) => {
  const { master, replica, sentinel, failover } = await startSentinelGroup(t)
  await master.command('SET', 'a', 1)
  t.equal(await master.command('WAIT', 1, 5000), 1)
  await failover()
  t.equal(await replica.command('GET', 'a'), '1')
  t.equal(await replica.command('SET', 'a', 2), 'OK')
  t.match(await sentinel.command('PING'), 'PONG')
})

/** Not `once`: it would reject with the error that comes before the end. */
const ended = (client: Redis) => new Promise((resolve) => client.once('end', resolve))

t.test('startProxy', async (t) => {
  const redis = await startRedis(t)
  /** One try, and errors instead of waiting: what the network does shows at once. */
  const build = async (t: Test) => {
    const proxy = await startProxy(t, redis.port)
    const open = async (): Promise<Redis> => {
      const client = new Redis({
        port: proxy.port,
        lazyConnect: true,
        retryStrategy: null,
        commandTimeout: 300,
        connectTimeout: 300,
      })
      client.on('error', () => {})
      t.teardown(() => client.disconnect())
      await client.connect()
      return client
    }
    return { proxy, open }
  }

  t.test('passes on, and cuts', async (t) => {
    const { proxy, open } = await build(t)
    const [one, two] = [await open(), await open()]
    t.equal(await one.set('cut', 1), 'OK')
    await two.subscribe('news')
    t.equal(proxy.connections, 2)
    const cut = ended(two)
    proxy.cut('SUBSCRIBE')
    await cut
    t.equal(await one.get('cut'), '1', 'the other one lives')
    const cutToo = ended(one)
    proxy.cut()
    await cutToo
    t.equal(await (await open()).get('cut'), '1', 'new connections are served')
  })

  t.test('refuses and accepts', async (t) => {
    const { proxy, open } = await build(t)
    const before = await open()
    proxy.refuse()
    const socket = connect(proxy.port, '127.0.0.1')
    t.match(await once(socket, 'connect').catch((error) => error), { code: 'ECONNREFUSED' })
    t.equal(await before.ping(), 'PONG', 'what is open stays')
    await proxy.accept()
    t.equal(await (await open()).ping(), 'PONG')
  })

  t.test('goes silent with connections open', async (t) => {
    const { proxy, open } = await build(t)
    const client = await open()
    proxy.pause()
    await t.rejects(client.set('silent', 1), /timed out/)
    await t.rejects(open(), 'a new one is as silent')
    proxy.resume()
    await t.rejects(client.ping(), /timed out/, 'what was half-open stays so')
    t.equal(await (await open()).get('silent'), null, 'the command never arrived')
  })

  t.test('silences only the connection that sent something', async (t) => {
    const { proxy, open } = await build(t)
    const [one, two] = [await open(), await open()]
    await two.subscribe('news')
    proxy.pause('subscribe')
    t.equal(await one.publish('news', 'x'), 1, 'Redis believes that it is heard')
    await t.rejects(two.subscribe('more'), /timed out/)
    t.equal(await (await open()).ping(), 'PONG')
  })

  t.test('loses an answer after the server acted', async (t) => {
    const { proxy, open } = await build(t)
    const [one, two] = [await open(), await open()]
    await redis.command('SET', 'counter', 0)
    const lost = proxy.dropReplies(1, 'counter')
    t.equal(await one.ping(), 'PONG', 'other answers arrive')
    await t.rejects(one.incr('counter'))
    await lost
    t.equal(await redis.command('GET', 'counter'), '1')
    t.equal(await two.incr('counter'), 2, 'only one answer is lost')
    const any = proxy.dropReplies()
    await t.rejects(two.incr('counter'))
    await any
    t.equal(await redis.command('GET', 'counter'), '3')
  })

  t.test('shows a server that is down as a closed connection', async (t) => {
    const own = await startRedis(t)
    const proxy = await startProxy(t, own.port)
    await own.stop()
    const socket = connect(proxy.port, '127.0.0.1')
    socket.on('error', () => {})
    const [failed] = await once(socket.resume(), 'close')
    t.type(failed, 'boolean')
    t.equal(proxy.connections, 0)
  })
})
