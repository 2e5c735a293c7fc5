import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import t, { type Test } from 'tap'
import { ConfigError } from '../../src/config/config-error.js'
import { openEnvironment } from '../../src/embedded/environment.js'
import { openExpiring } from '../../src/embedded/expiring.js'
import { openEmbedded } from '../../src/embedded/index.js'
import { StoreUnavailable } from '../../src/errors.js'
import { StoreLocked } from '../../src/stores.js'
import { hour, inShort, minute, newAccount } from '../stores/subject.js'
import { spawnServer } from '../support/process.js'

const entry = new URL('./writer.ts', import.meta.url)

/** How many entries a table of the store in a folder has, seen past the ports. */
const count = async (folder: string, table: string): Promise<number> => {
  const file = open({ path: join(folder, 'data.mdb'), maxDbs: 32 })
  const entries = file.openDB({ name: table }).getCount()
  await file.close()
  return entries
}

t.test('a folder that another process has open', async (t) => {
  const folder = t.testdir()
  const holder = spawnServer(t, { entry, env: { FOLDER: folder, NAME_LENGTH: '20' } })
  const acknowledged = () => holder.log.filter(({ msg }) => msg === 'rotated')
  await holder.logged(() => acknowledged().length >= 20)

  t.test('is refused, with word of what to do', async (t) => {
    t.throws(() => openEmbedded(folder), StoreLocked)
    t.throws(() => openEmbedded(folder), { message: `${folder} open; stop it, or use REDIS_URL` })
  })

  t.test('opens at once when that is killed, with everything that was acknowledged', async (t) => {
    holder.kill('SIGKILL')
    t.match(await holder.exited, { signal: 'SIGKILL' })
    const stores = openEmbedded(folder)
    t.teardown(() => stores.close())
    const { accounts, sessions } = stores
    const missing: unknown[] = []
    for (const { msg, ...line } of holder.log) {
      const [userId, email, sid] = [String(line.userId), String(line.email), String(line.sid)]
      const found =
        msg === 'created'
          ? (await accounts.findByEmail(email))?.userId === userId
          : (await sessions.find(userId, sid))?.session.generation === 2
      if (!found) missing.push(line)
    }
    t.ok(acknowledged().length >= 20)
    t.strictSame(missing, [])
    t.equal(await accounts.create(newAccount()), 'created', 'and takes more')
  })
})

t.test('a folder that this process has open', async (t) => {
  const folder = join(t.testdir(), 'made', 'here')
  const stores = openEmbedded(folder)

  t.test('is refused a second time, and free when it is closed', async (t) => {
    t.throws(() => openEmbedded(folder), StoreLocked)
    await stores.ping()
    await stores.close()
    const again = openEmbedded(folder)
    await t.resolves(again.ping())
    await again.close()
  })

  t.test('is for nobody else to read', async (t) => {
    t.equal(statSync(folder).mode & 0o777, 0o700)
    const shared = t.testdir()
    chmodSync(shared, 0o755)
    await openEmbedded(shared).close()
    t.equal(statSync(join(shared, 'data.mdb')).mode & 0o777, 0o600)
  })
})

t.test('a folder that can not be made is a wrong configuration', async (t) => {
  const folder = t.testdir({ file: '' })
  for (const [name, code] of [
    ['file', 'EEXIST'],
    ['file/store', 'ENOTDIR'],
  ] as const) {
    const path = join(folder, name)
    t.throws(() => openEmbedded(path), ConfigError)
    t.throws(() => openEmbedded(path), {
      message: `EMBEDDED_STORE_PATH must be a folder that can be made and written to; ${path} can't (${code})`,
    })
  }
})

t.test('a full disk', async (t) => {
  const folder = t.testdir()
  // A limit on the size of files stands in for it, well above what anybody but the store writes.
  const blocks = 32 * 1024 * 2
  const flags = process.execArgv.filter((flag) => !flag.includes('@tapjs/mock'))
  const writer = spawn(
    'sh',
    [
      '-c',
      `ulimit -f ${blocks}; exec "$@"`,
      'sh',
      process.execPath,
      ...flags,
      fileURLToPath(entry),
    ],
    {
      env: { ...process.env, FOLDER: folder, NAME_LENGTH: '1000000' },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  t.teardown(() => writer.kill('SIGKILL'))
  const [output, [code]] = await Promise.all([text(writer.stdout), once(writer, 'exit')])
  const log = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

  t.test('refuses what can not be kept, and ends nothing', async (t) => {
    t.equal(code, 0)
    const refused = log.filter(({ msg }) => msg === 'refused')
    t.strictSame(
      refused.map(({ error }) => error),
      ['StoreUnavailable', 'StoreUnavailable', 'StoreUnavailable'],
    )
  })

  t.test('loses nothing of what was kept before', async (t) => {
    const stores = openEmbedded(folder)
    t.teardown(() => stores.close())
    const made = log.filter(({ msg }) => msg === 'created')
    t.ok(made.length > 10)
    for (const { userId, email } of made) {
      t.match(await stores.accounts.findByEmail(email), { userId })
    }
    const known = new Set(made.map(({ email }) => email))
    for (const { email } of log) {
      if (email && !known.has(email)) t.equal(await stores.accounts.findByEmail(email), undefined)
    }
    t.equal(await stores.accounts.create(newAccount()), 'created', 'with room there is more')
  })
})

t.test('a store that is closed', async (t) => {
  const folder = t.testdir()
  const beats = catchBeats(t)
  const stores = openEmbedded(folder)
  const account = newAccount()
  const creation = stores.accounts.create(account)
  await stores.close()

  t.test('has finished what was under way', async (t) => {
    t.equal(await creation, 'created')
    const again = openEmbedded(folder)
    t.strictSame(await again.accounts.findByEmail(account.email), account)
    await again.close()
  })

  t.test('is unavailable to every method', async (t) => {
    const { accounts, sessions } = stores
    const { tryStart, rotate } = inShort(stores)
    const operations: (() => Promise<unknown>)[] = [
      () => accounts.create(newAccount()),
      () => accounts.findByEmail(account.email),
      () => accounts.findById(account.userId),
      () => accounts.renewHash(account.userId, '$a$b', '$c$d'),
      () => accounts.changePassword(account.userId, 1, '$c$d'),
      () => tryStart(account.userId),
      () => rotate(account.userId, 'sid', 1),
      () => sessions.find(account.userId, 'sid'),
      () => sessions.list(account.userId),
      () => sessions.end(account.userId, 'sid'),
      () => sessions.endAll(account.userId),
      stores.ping,
    ]
    for (const operation of operations) await t.rejects(operation(), StoreUnavailable)
  })

  t.test('does not mind a sweep that comes too late', async (t) => {
    const [beat] = beats
    t.doesNotThrow(() => beat?.())
    t.ok(beat)
    await new Promise(setImmediate)
  })
})

t.test('what ends by itself', async (t) => {
  t.test('is swept away for good, and nothing else', async (t) => {
    const folder = t.testdir()
    const beats = catchBeats(t)
    let now = Date.now()
    const stores = openEmbedded(folder, () => now)
    t.teardown(() => stores.close())
    const { signedUp, start, rotate, live } = inShort(stores)
    const { userId, email } = await signedUp()
    for (let i = 0; i < 4; i++) await start(userId, { idle: minute })
    const { sid: refreshed } = await start(userId, { idle: minute })
    await rotate(userId, refreshed, 1, { idle: hour })
    const { sid: ended } = await start(userId, { idle: minute })
    await stores.sessions.end(userId, ended)

    const sweep = async () => {
      for (const beat of beats) beat()
      await stores.ping()
    }
    await sweep()
    t.equal(await count(folder, 'sessions'), 5, 'nothing before its time')
    t.equal(await count(folder, 'sessions-ends'), 5)
    now += 2 * minute
    await sweep()
    t.equal(await count(folder, 'sessions'), 1)
    t.equal(await count(folder, 'sessions-ends'), 1)
    t.strictSame(await live(userId), [refreshed])
    now += hour
    await sweep()
    t.equal(await count(folder, 'sessions'), 0)
    t.equal(await count(folder, 'sessions-ends'), 0)
    t.match(await stores.accounts.findByEmail(email), { userId })
  })

  t.test('is invisible from that moment, swept or not', async (t) => {
    const { table, write, clock } = await buildTable(t)
    await write(() => table.put(['ada', 'one'], 1, 100))
    clock.now = 99
    t.equal(table.get(['ada', 'one']), 1)
    t.strictSame(table.list('ada'), [1])
    clock.now = 100
    t.equal(table.get(['ada', 'one']), undefined)
    t.strictSame(table.list('ada'), [])
  })

  t.test('is swept a thousand at a time, so that no request waits long', async (t) => {
    const { table, write, clock, folder } = await buildTable(t)
    await write(() => {
      for (let i = 0; i < 1_500; i++) table.put(['ada', String(i)], i, i)
    })
    clock.now = 5_000
    await write(table.sweep)
    t.equal(await count(folder, 'things'), 500)
    t.equal(table.get(['ada', '1499']), undefined)
    await write(table.sweep)
    t.equal(await count(folder, 'things'), 0)
    t.equal(await count(folder, 'things-ends'), 0)
  })

  t.test('belongs to one owner, whatever the names', async (t) => {
    const { table, write } = await buildTable(t)
    await write(() => {
      for (const owner of ['a', 'ab', 'a b', 'b', 'A']) table.put([owner, 'x'], owner, 100)
    })
    for (const owner of ['a', 'ab', 'a b', 'b', 'A']) t.strictSame(table.list(owner), [owner])
    await write(() => table.removeAll('a'))
    t.strictSame(table.list('a'), [])
    t.strictSame(table.list('ab'), ['ab'])
    await write(() => table.remove(['nobody', 'x']))
  })
})

t.test('a transaction that fails half-way has done nothing', async (t) => {
  const environment = openEnvironment(t.testdir())
  t.teardown(() => environment.close())
  const table = environment.table<number, string>('numbers')
  const [before, failed, after] = await Promise.allSettled([
    environment.transaction(() => table.put('before', 1)),
    environment.transaction(() => {
      table.put('half', 1)
      throw new Error('half-way')
    }),
    environment.transaction(() => table.put('after', 1)),
  ])
  t.match(
    [before, failed, after],
    [
      { status: 'fulfilled' },
      { status: 'rejected', reason: { name: 'StoreUnavailable', cause: { message: 'half-way' } } },
      { status: 'fulfilled' },
    ],
  )
  t.equal(table.get('half'), undefined)
  t.strictSame([table.get('before'), table.get('after')], [1, 1])

  const refusal = new StoreUnavailable()
  const refused = environment.transaction(() => {
    throw refusal
  })
  t.equal(await refused.catch((error) => error), refusal, "a refusal of the house's own stays")
})

/** The sweeps that stores ask for from now on, for the test to run. */
const catchBeats = (t: Test): (() => void)[] => {
  const beats: (() => void)[] = []
  const { setInterval } = globalThis
  t.intercept(globalThis, 'setInterval', {
    value: (beat: () => void, every: number) => {
      beats.push(beat)
      return setInterval(() => {}, every)
    },
  })
  return beats
}

const buildTable = async (t: Test) => {
  const folder = join(t.testdir(), 'store')
  mkdirSync(folder)
  const environment = openEnvironment(folder)
  t.teardown(() => environment.close())
  t.ok(readdirSync(folder).includes('data.mdb'))
  const clock = { now: 0 }
  const table = openExpiring<unknown>(environment, 'things', () => clock.now)
  return { folder, table, clock, write: environment.transaction }
}
