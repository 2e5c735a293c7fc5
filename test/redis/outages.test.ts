import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import { createKeys } from '../../src/redis/keys.js'
import { silenceMax } from '../../src/sessions/invalidation.js'
import { inShort, newAccount, second, tally } from '../stores/subject.js'
import { eventually } from '../support/app.js'
import { freePort } from '../support/free-port.js'
import { ownTime } from '../support/own-time.js'
import { type RedisOptions, startRedis } from '../support/redis.js'
import { startProxy } from '../support/tcp-proxy.js'
import { dial, type Opened, open } from './open.js'

const keys = createKeys('gh:')

/** The longest that anybody waits for an answer during an outage, and for its end after it. */
const patience = 2 * second

/** Sees that it fails as it must, in time; answers the failure behind it. */
const isUnavailable = async (t: Test, operation: () => Promise<unknown>): Promise<string> => {
  const began = ownTime()
  const failure = await operation().then(
    () => undefined,
    (error: unknown) => error,
  )
  t.ok(ownTime() - began < patience, 'answered in time')
  if (!t.type(failure, StoreUnavailable) || !(failure instanceof StoreUnavailable)) return ''
  return failure.cause instanceof Error ? failure.cause.message : ''
}

/** Resolves when the store answers again, as somebody finds out who goes on asking. */
const recovers = async (t: Test, { stores }: Opened): Promise<void> => {
  const began = ownTime()
  while (!(await stores.ping().then(Boolean.bind(null, true), () => false))) await wait(5)
  t.ok(ownTime() - began < patience, 'recovered in time')
}

/** An instance with somebody signed in on it. */
const signedIn = async (opened: Opened) => {
  const { signedUp, start, rotate } = inShort(opened.stores)
  const { userId, email } = await signedUp()
  const { sid } = await start(userId)
  let generation = 1
  return {
    userId,
    email,
    sid,
    /** Presents the last generation that came back, as a browser does. */
    rotate: async () => {
      const rotation = await rotate(userId, sid, generation)
      if ('session' in rotation) generation = rotation.session.generation
      return rotation
    },
    find: () => opened.stores.sessions.find(userId, sid),
  }
}

const build = async (t: Test, options: RedisOptions = {}) => {
  const server = await startRedis(t, options)
  const opened = await open(t, server)
  return { server, raw: await server.connect(), opened, ...opened, ...(await signedIn(opened)) }
}

/** The same behind a network that fails on command. */
const buildBehindProxy = async (t: Test) => {
  const server = await startRedis(t)
  const proxy = await startProxy(t, server.port)
  const opened = await open(t, { url: `redis://127.0.0.1:${proxy.port}` })
  return { server, proxy, raw: await server.connect(), opened, ...(await signedIn(opened)) }
}

t.test('a server that refuses to serve is a store that is away:', async (t) => {
  const context = await build(t, { args: ['--save', '3600 1', '--lua-time-limit', '5'] })
  const { server, raw, opened, rotate } = context
  const config = (name: string, value: string | number) => raw.config('SET', name, String(value))

  const refusals: [reply: string, provoke: () => Promise<unknown>, heal: () => Promise<unknown>][] =
    [
      ['OOM', () => config('maxmemory', 1), () => config('maxmemory', 0)],
      ['READONLY', () => raw.replicaof('127.0.0.1', 1), () => raw.replicaof('NO', 'ONE')],
      [
        'MASTERDOWN',
        async () => {
          await config('replica-serve-stale-data', 'no')
          await raw.replicaof('127.0.0.1', 1)
        },
        () => raw.replicaof('NO', 'ONE'),
      ],
      [
        'NOREPLICAS',
        () => config('min-replicas-to-write', 1),
        () => config('min-replicas-to-write', 0),
      ],
      [
        'NOPERM',
        () => raw.call('ACL', 'SETUSER', 'default', '-@scripting'),
        () => raw.call('ACL', 'SETUSER', 'default', '+@all'),
      ],
      [
        'BUSY',
        async () => {
          const other = await server.connect()
          other.eval('while true do end', 0).catch(() => {})
          while ((await raw.ping().catch(() => 'BUSY')) !== 'BUSY') await wait(1)
        },
        () => raw.script('KILL'),
      ],
      [
        'MISCONF',
        async () => {
          const [, folder = ''] = (await raw.config('GET', 'dir')) as string[]
          rmSync(folder, { recursive: true })
          await raw.bgsave()
          while (!(await raw.info('persistence')).includes('rdb_last_bgsave_status:err')) {
            await wait(5)
          }
        },
        () => config('save', ''),
      ],
    ]

  for (const [reply, provoke, heal] of refusals) {
    t.test(reply, async (t) => {
      await provoke()
      t.match(await isUnavailable(t, rotate), reply)
      await heal()
      await recovers(t, opened)
      t.match(await rotate(), { outcome: /^(rotated|repeated)$/ }, 'nobody was signed out by it')
    })
  }

  t.test('a login that is no longer accepted', async (t) => {
    await config('requirepass', 'changed')
    await raw.call('CLIENT', 'KILL', 'TYPE', 'normal')
    await isUnavailable(t, rotate)
    await config('requirepass', '')
    await recovers(t, opened)
    t.match(await rotate(), { outcome: 'rotated' })
  })
})

t.test('a Cluster without its slots is a store that is away', async (t) => {
  const server = await startRedis(t, { args: ['--cluster-enabled', 'yes'] })
  const { stores } = await open(t, server)
  t.match(await isUnavailable(t, () => stores.accounts.findById('ada')), 'CLUSTERDOWN')
})

t.test('a server that has much to load is a store that is away until then', async (t) => {
  const { server, raw, opened, rotate, events, next } = await build(t, {
    durable: true,
    args: ['--key-load-delay', '150', '--loading-process-events-interval-bytes', '1024'],
  })
  for (let i = 0; i < 6_000; i++) void raw.set(`filling:${i}`, '')
  await raw.ping()
  const lost = next('lost')
  await server.kill('SIGKILL')
  await lost
  const up = server.start()
  let state = ''
  while (!/^(LOADING|PONG)/.test(state)) state = await probe(server.port)
  t.match(state, 'LOADING')
  await isUnavailable(t, rotate)
  await up
  await recovers(t, opened)
  t.match(await rotate(), { outcome: 'rotated' })
  t.strictSame(events, ['connected', 'lost', 'connected'])
})

/** What a server answers that may still be loading. */
const probe = async (port: number): Promise<string> => {
  const client = new Redis({
    port,
    lazyConnect: true,
    retryStrategy: null,
    enableReadyCheck: false,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.ping()
  } catch (error) {
    return String(error instanceof Error && error.message)
  } finally {
    client.disconnect()
  }
}

t.test('out of memory, people can still be recognised and signed out', async (t) => {
  const { raw, stores, userId, sid, find } = await build(t)
  await raw.config('SET', 'maxmemory', '1')
  t.match(await find(), { session: { sid } })
  t.equal(await stores.sessions.end(userId, sid), 'ended')
  t.equal(await find(), undefined)
})

t.test('a server that hangs', async (t) => {
  const { server, opened, stores, events, userId, sid, rotate, find } = await build(t)
  const heard: unknown[] = []
  stores.invalidations.listen({
    invalidated: (invalidation) => heard.push(invalidation),
    lost: () => {},
    restored: () => {},
  })
  const lost = opened.next('lost')
  await server.kill('SIGSTOP')

  t.test('fails whatever is asked of it, all in time', async (t) => {
    const account = newAccount()
    const { accounts, sessions } = stores
    await Promise.all(
      [
        rotate,
        find,
        () => accounts.create(account),
        () => accounts.findByEmail(account.email),
        () => accounts.findById(userId),
        () => accounts.renewHash(userId, '$a$b', '$c$d'),
        () => sessions.list(userId),
        stores.ping,
      ].map((operation) => isUnavailable(t, operation)),
    )
  })

  t.test('is told from a failure at once after it has been given up', async (t) => {
    await lost
    await isUnavailable(t, find)
    t.strictSame(events, ['connected', 'lost'])
  })

  t.test('leaves this instance believing nothing that may have been revoked', async (t) => {
    heard.length = 0
    await isUnavailable(t, () => stores.sessions.end(userId, sid))
    t.strictSame(heard, [{ userId, sid }])
  })

  t.test('is there again when it goes on', async (t) => {
    await server.kill('SIGCONT')
    await recovers(t, opened)
    t.match(await rotate(), { outcome: /^(rotated|repeated)$/ })
    t.strictSame(events, ['connected', 'lost', 'connected'])
  })
})

t.test('a server that is killed and started again on its port', async (t) => {
  const { server, opened, stores, events, next, email, rotate, find } = await build(t, {
    durable: true,
  })
  for (const round of [1, 2]) {
    t.test(`has everything that it acknowledged, the ${round}. time`, async (t) => {
      const account = newAccount()
      t.equal(await stores.accounts.create(account), 'created')
      const rotation = await rotate()
      t.match(rotation, { outcome: 'rotated' })
      const lost = next('lost')
      await server.kill('SIGKILL')
      await lost
      await isUnavailable(t, find)
      await server.start()
      await recovers(t, opened)
      t.strictSame(await stores.accounts.findByEmail(account.email), account)
      t.match(await stores.accounts.findByEmail(email), { email })
      t.match(rotation, { session: (await find())?.session })
    })
  }
  t.test('is reported once for each outage', async (t) => {
    t.strictSame(events, ['connected', 'lost', 'connected', 'lost', 'connected'])
  })
})

t.test('a server that is not there yet is waited for', async (t) => {
  const port = await freePort()
  let attempts = 0
  let enough = (): void => {}
  const tried = new Promise<void>((resolve) => {
    enough = resolve
  })
  const deaf = createServer((socket) => {
    socket.destroy()
    if (++attempts === 6) enough()
  }).listen(port, '127.0.0.1')
  const opened = dial(t, { url: `redis://127.0.0.1:${port}` })
  await isUnavailable(t, opened.stores.ping)
  await tried
  t.strictSame(opened.events, ['lost'], 'reported once, not once an attempt')
  await new Promise((resolve) => deaf.close(resolve))
  await startRedis(t, { port })
  await recovers(t, opened)
  t.equal(await opened.stores.accounts.create(newAccount()), 'created')
  t.strictSame(opened.events, ['lost', 'connected'])
})

t.test('a connection that breaks', async (t) => {
  const { proxy, opened, rotate, find, userId, sid } = await buildBehindProxy(t)

  t.test('takes with it only what was under way', async (t) => {
    const lost = opened.next('lost')
    const asked = Array.from({ length: 100 }, () =>
      rotate().then(
        ({ outcome }) => outcome,
        (error: Error) => error.name,
      ),
    )
    proxy.cut()
    const outcomes = tally(await Promise.all(asked))
    await lost
    await recovers(t, opened)
    t.notOk(outcomes.reused)
    t.ok(outcomes.StoreUnavailable)
    t.match(await rotate(), { outcome: /^(rotated|repeated)$/ })
  })

  t.test('or that falls silent is given up and replaced', async (t) => {
    const lost = opened.next('lost')
    proxy.pause()
    await isUnavailable(t, find)
    await lost
    await isUnavailable(t, find)
    proxy.resume()
    await recovers(t, opened)
    t.match(await find(), { session: { sid } })
    t.match(await opened.stores.accounts.findById(userId), { userId })
  })
})

t.test('an answer that is lost on its way costs nobody anything:', async (t) => {
  const { proxy, opened } = await buildBehindProxy(t)
  const { accounts, sessions } = opened.stores
  const { signedUp, start, rotate } = inShort(opened.stores)
  // From here on the server knows every script, so that the first answer is that of the script itself.
  const known = await signedUp()
  const { sid } = await start(known.userId)
  await rotate(known.userId, sid, 1)
  await sessions.end(known.userId, sid)
  await accounts.renewHash(known.userId, '$a$b', '$c$d')
  await accounts.changePassword(known.userId, 1, '$a$b')

  /** The server acts, and its answer is lost. */
  const loseAnswer = async (t: Test, about: string, operation: () => Promise<unknown>) => {
    const lost = opened.next('lost')
    const dropped = proxy.dropReplies(1, about)
    await isUnavailable(t, operation)
    await Promise.all([dropped, lost])
    await recovers(t, opened)
  }

  t.test('a rotation is repeated', async (t) => {
    const { userId } = await signedUp()
    const { sid } = await start(userId)
    await loseAnswer(t, keys.sessions(userId), () => rotate(userId, sid, 1))
    t.match(await rotate(userId, sid, 1), { outcome: 'repeated', session: { generation: 2 } })
    t.match(await rotate(userId, sid, 2), { outcome: 'rotated' })
  })

  t.test('a start may be tried again', async (t) => {
    const { userId } = await signedUp()
    await loseAnswer(t, keys.sessions(userId), () => start(userId, { sid: 'first' }))
    await start(userId, { sid: 'first', cap: 1 })
    t.match(await sessions.list(userId), [{ sid: 'first', generation: 1 }])
  })

  t.test('an end has ended the session', async (t) => {
    const { userId } = await signedUp()
    const { sid } = await start(userId)
    await loseAnswer(t, keys.sessions(userId), () => sessions.end(userId, sid))
    t.equal(await sessions.end(userId, sid), 'missing')
  })

  t.test('a new hash is in place', async (t) => {
    const { userId, passwordHash } = await signedUp()
    await loseAnswer(t, keys.account(userId), () =>
      accounts.renewHash(userId, passwordHash, '$new$hash'),
    )
    t.equal(await accounts.renewHash(userId, passwordHash, '$new$hash'), 'changed')
    t.match(await accounts.findById(userId), { passwordHash: '$new$hash' })
  })

  t.test('a password is not changed twice', async (t) => {
    const { userId } = await signedUp()
    await loseAnswer(t, keys.account(userId), () => accounts.changePassword(userId, 1, '$n$h'))
    t.equal(await accounts.changePassword(userId, 1, '$n$h'), 'account_changed')
    t.match(await accounts.findById(userId), { passwordHash: '$n$h', passwordVersion: 2 })
  })
})

t.test('scripts that the server has forgotten are sent again, under load too', async (t) => {
  const { raw, stores } = await build(t)
  const { signedUp, start, rotate } = inShort(stores)
  const { userId } = await signedUp()
  const sids = await Promise.all(
    Array.from({ length: 50 }, async () => (await start(userId, { cap: 50 })).sid),
  )
  const flushes: Promise<unknown>[] = []
  const outcomes = await Promise.all(
    sids.flatMap((sid, i) => {
      if (i % 5 === 0) flushes.push(raw.script('FLUSH'))
      return [rotate(userId, sid, 1), rotate(userId, sid, 1), stores.sessions.find(userId, sid)]
    }),
  )
  await Promise.all(flushes)
  const rotations = outcomes.flatMap((result) =>
    result && 'outcome' in result ? [result.outcome] : [],
  )
  t.strictSame(tally(rotations), { rotated: 50, repeated: 50 })
  t.equal(outcomes.filter((result) => result === undefined).length, 0)
  t.strictSame(
    (await stores.sessions.list(userId)).map(({ generation }) => generation),
    sids.map(() => 2),
  )
})

t.test('a mistake of ours is not taken for an outage', async (t) => {
  const { raw, stores, userId, sid } = await build(t)
  await raw.set(keys.sessions(userId), 'not a hash')
  await raw.del(keys.account('list'))
  await raw.rpush(keys.account('list'), 'x')
  for (const operation of [
    () => stores.sessions.find(userId, sid),
    () => stores.sessions.end(userId, sid),
    () => stores.accounts.findById('list'),
  ]) {
    const failure = await operation().catch((error: unknown) => error)
    t.match(failure, { name: 'ReplyError', message: /^WRONGTYPE/ })
    t.notMatch(failure, StoreUnavailable)
  }
  t.match(await stores.accounts.findById(userId), { userId })
})

t.test('no failure tells the log a secret', async (t) => {
  const account = newAccount({ passwordHash: '$argon2id$very-secret-salt$very-secret-digest' })
  await t.test('that was on its way to the store', async (t) => {
    const { raw, stores } = await build(t)
    await raw.config('SET', 'maxmemory', '1')
    const refused = await stores.accounts.create(account).catch((error: unknown) => error)
    t.type(refused, StoreUnavailable)
    t.notMatch(inspect(refused, { depth: 9 }), 'very-secret')
    await raw.config('SET', 'maxmemory', '0')
    await raw.set(keys.account('text'), '')
    const mistaken = await stores.accounts
      .changePassword('text', 1, account.passwordHash)
      .catch((error: unknown) => error)
    t.match(mistaken, { name: 'ReplyError' })
    t.notMatch(inspect(mistaken, { depth: 9 }), 'very-secret')
  })

  await t.test('that opens the store', async (t) => {
    const server = await startRedis(t, { args: ['--requirepass', 'right'] })
    const url = `redis://:very-secret@127.0.0.1:${server.port}`
    const opened = dial(t, { url })
    await opened.next('lost')
    t.match(opened.causes[0], { message: /^WRONGPASS/ })
    t.notMatch(inspect(opened.causes, { depth: 9 }), 'very-secret')
    await isUnavailable(t, opened.stores.ping)
  })
})

t.test('an operator is warned of a policy that throws data away', async (t) => {
  const { server, opened, events } = await build(t)
  t.strictSame(events, ['connected'], 'and of no other')
  await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  const { events: warned, next } = dial(t, server)
  await next('warning')
  t.strictSame(warned, [
    'connected',
    'Redis has maxmemory-policy allkeys-lru; set it to noeviction, or data is lost',
  ])
  await opened.stores.ping()
})

t.test('a store that we close ourselves is not reported as lost', async (t) => {
  const { stores, events, find, raw } = await build(t)
  await stores.close()
  await isUnavailable(t, find)
  while ((await clients(raw)) > 1) await wait(1)
  t.strictSame(events, ['connected'])
})

const clients = async (raw: Redis): Promise<number> =>
  Number(/connected_clients:(\d+)/.exec(await raw.info('clients'))?.[1])

t.test('the channel of invalidations', async (t) => {
  const { proxy, opened, userId } = await buildBehindProxy(t)
  const { invalidations, sessions } = opened.stores
  const heard: string[] = []
  let wake = (): void => {}
  const note = (what: string) => {
    heard.push(what)
    wake()
  }
  invalidations.listen({
    invalidated: () => {},
    lost: () => note('lost'),
    restored: () => note('restored'),
  })
  const hear = async (what: string): Promise<void> => {
    while (!heard.includes(what)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  await eventually(async () => invalidations.isProved())

  t.test('is lost with its connection, and restored', async (t) => {
    heard.length = 0
    proxy.cut('subscribe')
    await hear('lost')
    t.notOk(invalidations.isProved())
    await hear('restored')
    t.ok(invalidations.isProved())
    t.strictSame(heard, ['lost', 'restored'])
    t.equal(await sessions.endAll(userId), 1, 'commands have a connection of their own')
  })

  t.test('is lost when its connection dies without anybody knowing', async (t) => {
    heard.length = 0
    const began = ownTime()
    proxy.pause('subscribe')
    await hear('lost')
    t.notOk(invalidations.isProved())
    t.ok(ownTime() - began < silenceMax + second, 'in time')
    await hear('restored')
    t.strictSame(heard, ['lost', 'restored'])
  })
})
