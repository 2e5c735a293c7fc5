import * as argon2 from '@node-rs/argon2'
import fc from 'fast-check'
import t from 'tap'
import { Overloaded } from '../../src/errors.js'
import { decoyArgon2String, parseArgon2String } from '../../src/passwords/argon2-string.js'
import { createHasher, type HasherOptions } from '../../src/passwords/hasher.js'
import { createPool } from '../../src/passwords/pool.js'

const cheap = { memoryKib: 64, timeCost: 1, parallelism: 1, concurrency: 2, queueMax: 64 }

/** A hasher and the durations of its jobs, in milliseconds. */
const observed = (options: Partial<HasherOptions> = {}) => {
  const jobs: number[] = []
  const onDone = (milliseconds: number) => jobs.push(milliseconds)
  return { hasher: createHasher({ ...cheap, onDone, ...options }), jobs }
}

const password = 'Tr1cky-horse'

t.test('hash', async (t) => {
  const { hasher } = observed({ memoryKib: 128, timeCost: 2, parallelism: 2 })
  const [one, two] = await Promise.all([hasher.hash(password), hasher.hash(password)])

  t.match(one, /^\$argon2id\$v=19\$m=128,t=2,p=2\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  t.not(one, two, 'each has its own salt')
  t.equal(await argon2.verify(one, password), true, 'argon2 itself agrees')
  await t.rejects(hasher.hash('Tr1cky-\ud800horse'), TypeError, 'refuses what has no UTF-8 form')
})

t.test('verify', async (t) => {
  const { hasher } = observed()
  const stored = await hasher.hash(password)

  t.equal(await hasher.verify(stored, password), 'match')
  t.equal(await hasher.verify(stored, `${password} `), 'mismatch')
  t.equal(await hasher.verify(stored, ''), 'mismatch')
  t.equal(await hasher.verify(stored, 'x'.repeat(100_000)), 'mismatch')
  t.equal(await hasher.verify(undefined, password), 'mismatch')
})

t.test('the Unicode form does not matter', async (t) => {
  const { hasher } = observed()
  const stored = await hasher.hash('Tr1cky-caf\u00e9')
  t.equal(await hasher.verify(stored, 'Tr1cky-cafe\u0301'), 'match')
  t.equal(await hasher.verify(stored, '\uff34r1cky-caf\u00e9'), 'match')
})

t.test('a lone surrogate is not taken for U+FFFD', async (t) => {
  const { hasher, jobs } = observed()
  const stored = await hasher.hash('Tr1cky-\ufffdhorse')
  t.equal(await hasher.verify(stored, 'Tr1cky-\ufffdhorse'), 'match')
  t.equal(await hasher.verify(stored, 'Tr1cky-\ud800horse'), 'mismatch')
  t.equal(jobs.length, 3, 'after the same work')
})

t.test('pepper', async (t) => {
  const plain = createHasher(cheap)
  const salted = createHasher({ ...cheap, pepper: 'first pepper' })
  const other = createHasher({ ...cheap, pepper: 'other pepper' })
  const stored = await salted.hash(password)

  t.equal(await salted.verify(stored, password), 'match')
  t.equal(await other.verify(stored, password), 'mismatch')
  t.equal(await plain.verify(stored, password), 'mismatch')
  t.equal(await salted.verify(await plain.hash(password), password), 'mismatch')
  t.notOk(stored.includes('keyid'), 'leaves no trace in the hash')
})

t.test('outdated', async (t) => {
  const { hasher } = observed({ memoryKib: 128, timeCost: 2 })
  for (const [memoryCost, timeCost, parallelism, outputLen] of [
    [64, 2, 1, 32],
    [1024, 2, 1, 32],
    [128, 1, 1, 32],
    [128, 3, 1, 32],
    [128, 2, 2, 32],
    [128, 2, 1, 16],
    // What PHP and node-argon2 make by default.
    [65_536, 4, 1, 32],
    [65_536, 3, 4, 32],
  ] as const) {
    const stored = await argon2.hash(password, { memoryCost, timeCost, parallelism, outputLen })
    t.equal(await hasher.verify(stored, password), 'outdated', stored)
    t.equal(await hasher.verify(stored, 'Tr1cky-house'), 'mismatch', stored)
  }

  const shortSalt = await argon2.hash(password, {
    ...{ memoryCost: 128, timeCost: 2, salt: Buffer.alloc(8, 7) },
  })
  t.equal(await hasher.verify(shortSalt, password), 'outdated', 'a salt of 8 bytes')
})

t.test('hashes from before the parameters were lowered are still verified', async (t) => {
  const before = createHasher({ ...cheap, memoryKib: 512, parallelism: 20 })
  const after = createHasher({ ...cheap, memoryKib: 160, parallelism: 5 })
  t.equal(await after.verify(await before.hash(password), password), 'outdated', 'four times')
  const further = createHasher({ ...cheap, memoryKib: 160, parallelism: 4 })
  t.equal(await further.verify(await before.hash(password), password), 'mismatch', 'five times')
})

t.test('a hash past the bounds is not even tried', async (t) => {
  const { hasher } = observed()
  for (const [memoryCost, timeCost, parallelism] of [
    [262_145, 1, 1],
    [64, 65, 1],
    [1024, 1, 17],
    [32_768, 33, 1],
  ] as const) {
    const stored = await argon2.hash(password, { memoryCost, timeCost, parallelism })
    t.equal(await hasher.verify(stored, password), 'mismatch', stored)
  }
})

const b64 = (bytes: number) => Buffer.alloc(bytes, 1).toString('base64').replace(/=+$/, '')
const phc = (parameters: string, salt = b64(16), hash = b64(32)) =>
  `$argon2id$v=19$${parameters}$${salt}$${hash}`

t.test('a stored string that is not ours', async (t) => {
  const { hasher, jobs } = observed()
  const real = await hasher.hash(password)
  const bcrypt = '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'

  for (const stored of [
    '',
    '$',
    'plain text',
    bcrypt,
    `${real}\n`,
    ` ${real}`,
    `${real}$`,
    `${real}A`,
    real.slice(0, -1),
    real.slice(0, real.lastIndexOf('$')),
    real.replace('argon2id', 'argon2i'),
    real.replace('argon2id', 'argon2d'),
    real.replace('argon2id', 'Argon2id'),
    real.replace('v=19', 'v=16'),
    real.replace('$v=19', ''),
    real.replace('m=64,t=1', 't=1,m=64'),
    real.replace('p=1', 'p=1,keyid=AAAA'),
    phc('m=0,t=1,p=1'),
    phc('m=64,t=0,p=1'),
    phc('m=64,t=1,p=0'),
    phc('m=064,t=1,p=1'),
    phc('m=-64,t=1,p=1'),
    phc('m=6e1,t=1,p=1'),
    phc('m=7,t=1,p=1'),
    phc('m=64,t=1,p=9'),
    phc('m=64,t=1,p=1', b64(7)),
    phc('m=64,t=1,p=1', b64(65)),
    phc('m=64,t=1,p=1', b64(16), b64(15)),
    phc('m=64,t=1,p=1', b64(16), b64(65)),
    phc('m=64,t=1,p=1', `${b64(16).slice(0, -1)}R`),
    phc('m=64,t=1,p=1', b64(16), `${b64(32).slice(0, -1)}F`),
    phc('m=64,t=1,p=1', b64(16), b64(32).slice(0, -2)),
    // Well-formed, but up to 4 TiB, days of work, or thousands of threads.
    phc('m=4194304,t=1,p=1'),
    phc('m=4294967295,t=1,p=1'),
    phc('m=9999999999,t=9999999999,p=9999999999'),
    phc('m=64,t=4294967295,p=1'),
    phc('m=1024,t=1,p=128'),
  ]) {
    const before = jobs.length
    t.equal(await hasher.verify(stored, password), 'mismatch', JSON.stringify(stored))
    t.equal(jobs.length, before + 1, 'after the work of a wrong password')
    t.ok(Number(jobs.at(-1)) < 2000, 'and no more than that')
  }
  t.equal(await hasher.verify(real, password), 'match', 'and the real one still matches')
})

t.test('no stored string makes verify throw', async (t) => {
  const { hasher } = observed()
  const real = await hasher.hash(password)
  const damaged = fc
    .record({
      at: fc.nat(real.length),
      cut: fc.nat(3),
      put: fc.string({ unit: fc.constantFrom(...'$=,argonidvmtp0123456789+/AZ'), maxLength: 2 }),
    })
    .map(({ at, cut, put }) => real.slice(0, at) + put + real.slice(at + cut))

  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), damaged), async (stored) => {
      const verdict = await hasher.verify(stored, password)
      return verdict === (stored === real ? 'match' : 'mismatch')
    }),
    { numRuns: 500 },
  )
  t.strictSame(hasher.stats(), { active: 0, queued: 0 })
})

t.test('what the parser takes, argon2 takes', async (t) => {
  const base64 = (minLength: number, maxLength: number) =>
    fc
      .uint8Array({ minLength, maxLength })
      .map((bytes) => Buffer.from(bytes).toString('base64').replace(/=+$/, ''))
  await fc.assert(
    fc.asyncProperty(
      fc.record({ m: fc.nat(256), t: fc.nat(3), p: fc.nat(40) }),
      base64(4, 70),
      base64(8, 70),
      async ({ m, t, p }, salt, hash) => {
        const text = phc(`m=${m},t=${t},p=${p}`, salt, hash)
        return parseArgon2String(text) === undefined || !(await argon2.verify(text, 'x'))
      },
    ),
    { numRuns: 300 },
  )
  const cost = { memoryKib: 64, timeCost: 1, parallelism: 1 }
  const decoy = decoyArgon2String(cost)
  t.match(parseArgon2String(decoy), { ...cost, text: decoy, saltLength: 16, hashLength: 32 })
  t.not(decoy, decoyArgon2String(cost))
})

t.test('the time does not tell whether there is an account', async (t) => {
  const { hasher, jobs } = observed({ memoryKib: 8192, timeCost: 2 })
  const real = await hasher.hash(password)
  const cases: Record<string, [stored: string | undefined, password: string]> = {
    wrong: [real, 'Tr1cky-house'],
    unknown: [undefined, password],
    malformed: ['$argon2id$', password],
    'too costly': [phc('m=4194304,t=1,p=1'), password],
    'not well-formed': [real, '\ud800'],
    'from cheaper times': [await argon2.hash('x', { memoryCost: 1024, timeCost: 1 }), password],
  }
  const times: Record<string, number[]> = {}
  for (let round = 0; round < 11; round += 1) {
    for (const [name, [stored, attempt]] of Object.entries(cases)) {
      await hasher.verify(stored, attempt)
      times[name] = [...(times[name] ?? []), Number(jobs.at(-1))]
    }
  }
  const median = (name: string) => Number(times[name]?.toSorted((a, b) => a - b)[5])

  // Without the decoy they would take a hundredth; the bound leaves room for a busy machine.
  for (const name of Object.keys(cases)) {
    t.ok(median(name) > median('wrong') / 3, `${name}: ${median(name)} of ${median('wrong')} ms`)
  }
  const pending = hasher.verify(undefined, password)
  await Promise.resolve()
  t.strictSame(hasher.stats(), { active: 1, queued: 0 }, 'it takes its turn like any other')
  t.equal(await pending, 'mismatch')
})

t.test('ten at once, one place and two to wait in', async (t) => {
  const { hasher, jobs } = observed({ memoryKib: 1024, concurrency: 1, queueMax: 2 })
  const attempts = Array.from({ length: 10 }, (_, at) =>
    at % 2 ? hasher.hash(password) : hasher.verify(undefined, password),
  )
  t.strictSame(hasher.stats(), { active: 1, queued: 2 })

  const outcomes = await Promise.allSettled(attempts)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  t.strictSame(
    outcomes.map((outcome) => outcome.status === 'fulfilled'),
    [true, true, true, ...Array(7).fill(false)],
  )
  t.ok(refused.every(({ reason }) => reason instanceof Overloaded))
  t.equal(jobs.length, 3)

  t.strictSame(hasher.stats(), { active: 0, queued: 0 })
  t.equal(await hasher.verify(await hasher.hash(password), password), 'match', 'it recovers')
})

t.test('parameters that argon2 would not survive', async (t) => {
  for (const wrong of [
    { memoryKib: -1 },
    { memoryKib: 7 },
    { memoryKib: 64.5 },
    { memoryKib: 2 ** 32 },
    { memoryKib: Number.NaN },
    { timeCost: 0 },
    { parallelism: 0 },
    { parallelism: 9 },
    { memoryKib: 4096, parallelism: 256 },
    { concurrency: 0 },
    { concurrency: 1.5 },
    { queueMax: -1 },
  ]) {
    t.throws(() => createHasher({ ...cheap, ...wrong }), RangeError, JSON.stringify(wrong))
  }
})

t.test('pool', async (t) => {
  /** Jobs that end when told to, and the order in which they began. */
  const stage = () => {
    const began: number[] = []
    const doors = new Map<number, { open: () => void; fail: (error: Error) => void }>()
    const job = (id: number) => () => {
      began.push(id)
      return new Promise<number>((resolve, reject) => {
        doors.set(id, { open: () => resolve(id), fail: reject })
      })
    }
    return { began, doors, job }
  }

  t.test('runs first come, first served, never more than its places', async (t) => {
    const pool = createPool({ concurrency: 2, queueMax: 3 })
    const { began, doors, job } = stage()
    const runs = [0, 1, 2, 3, 4].map((id) => pool.run(job(id)))
    t.strictSame([began, pool.stats()], [[0, 1], { active: 2, queued: 3 }])
    await t.rejects(pool.run(job(5)), Overloaded)

    doors.get(1)?.open()
    t.equal(await runs[1], 1)
    t.strictSame([began, pool.stats()], [[0, 1, 2], { active: 2, queued: 2 }])

    // The place that came free belongs to the oldest waiting job, not to a newcomer of the same moment.
    doors.get(0)?.open()
    const late = runs[0]?.then(() => pool.run(job(6)))
    await runs[0]
    doors.get(2)?.open()
    await runs[2]
    t.strictSame(began, [0, 1, 2, 3, 4])

    doors.get(3)?.open()
    await runs[3]
    doors.get(4)?.open()
    await runs[4]
    doors.get(6)?.open()
    t.equal(await late, 6)
    t.strictSame([began, pool.stats()], [[0, 1, 2, 3, 4, 6], { active: 0, queued: 0 }])
  })

  t.test('a job that fails gives its place back', async (t) => {
    const pool = createPool({ concurrency: 1, queueMax: 1 })
    const { doors, job } = stage()
    const failing = pool.run(job(0))
    const waiting = pool.run(job(1))
    doors.get(0)?.fail(new Error('broken'))
    await t.rejects(failing, { message: 'broken' })
    doors.get(1)?.open()
    t.equal(await waiting, 1)

    await t.rejects(
      pool.run(() => {
        throw new Error('at once')
      }),
      { message: 'at once' },
    )
    t.equal(await pool.run(async () => 'next'), 'next')
    t.strictSame(pool.stats(), { active: 0, queued: 0 })
  })

  t.test('without a queue', async (t) => {
    const pool = createPool({ concurrency: 1, queueMax: 0 })
    const { doors, job } = stage()
    const run = pool.run(job(0))
    await t.rejects(pool.run(job(1)), Overloaded)
    doors.get(0)?.open()
    t.equal(await run, 0)
  })
})
