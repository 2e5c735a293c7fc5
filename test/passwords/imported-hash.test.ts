import { scryptSync } from 'node:crypto'
import * as argon2 from '@node-rs/argon2'
import t from 'tap'
import { createHasher } from '../../src/passwords/hasher.js'
import { markImported, readForeignHash, unmarked } from '../../src/passwords/imported-hash.js'

const cost = { memoryKib: 64, timeCost: 1, parallelism: 1, concurrency: 2, queueMax: 64 }
const hasher = createHasher({ ...cost, pepper: 'of no use to others' })

const phc = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
const long = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Hashes that other programs made, with where each is published. */
const published: [hash: string, password: string][] = [
  // crypt_blowfish, wrapper.c; the last is cut at 72 bytes.
  ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a', 'U*U*U'],
  [
    '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui',
    `${long}chars after 72 are ignored`,
  ],
  // The reference implementation of argon2, test.c.
  [
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
    'password',
  ],
  [
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'password',
  ],
  // RFC 7914, 12.
  [
    `$scrypt$ln=14,r=8,p=1$${phc(Buffer.from('SodiumChloride'))}$${phc(
      Buffer.from(
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
          'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
        'hex',
      ),
    )}`,
    'pleaseletmein',
  ],
  // passlib's documentation of scrypt.
  [
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
    'password',
  ],
]

t.test('what others have hashed is verified, and is to be renewed', async (t) => {
  for (const [hash, password] of published) {
    const stored = markImported(hash)
    t.equal(await hasher.verify(stored, password), 'outdated', hash)
    t.equal(await hasher.verify(stored, `x${password}`), 'mismatch', hash)
    t.strictSame(unmarked(stored), { text: hash, isImported: true })
  }
  t.strictSame(hasher.stats(), { active: 0, queued: 0 })
})

t.test('the names of bcrypt are all the same to us', async (t) => {
  const [[hash, password]] = published as [[string, string]]
  for (const name of ['$2b$', '$2y$']) {
    const stored = markImported(hash.replace('$2a$', name))
    t.equal(await hasher.verify(stored, password), 'outdated', name)
  }
  // The last letter of a salt has four bits that mean nothing; some systems leave them set.
  const odd = markImported(hash.replace('CC.E5', 'CC/E5'))
  t.equal(await hasher.verify(odd, password), 'outdated')
})

t.test('argon2d is verified', async (t) => {
  const hash = await argon2.hash('Glass-Onion-31', { algorithm: 0, memoryCost: 64, timeCost: 1 })
  t.match(hash, /^\$argon2d\$/)
  t.equal(await hasher.verify(markImported(hash), 'Glass-Onion-31'), 'outdated')
})

t.test('a password counts as it was typed, and in its normal form', async (t) => {
  const salt = Buffer.alloc(16, 7)
  const stored = (password: string) =>
    markImported(
      `$scrypt$ln=4,r=8,p=1$${phc(salt)}$${phc(scryptSync(password, salt, 32, { N: 16, r: 8, p: 1 }))}`,
    )
  t.equal(await hasher.verify(stored('cafe\u0301'), 'cafe\u0301'), 'outdated')
  t.equal(await hasher.verify(stored('caf\u00e9'), 'cafe\u0301'), 'outdated')
  t.equal(await hasher.verify(stored('cafe\u0301'), 'caf\u00e9'), 'mismatch')
  t.equal(await hasher.verify(stored('p\ufffdw'), 'p\ud800w'), 'mismatch')
})

t.test('our own hashes and those of others are not taken for each other', async (t) => {
  const own = await hasher.hash('Glass-Onion-31')
  t.equal(await hasher.verify(markImported(own), 'Glass-Onion-31'), 'mismatch', 'it has a pepper')
  const others = await createHasher(cost).hash('Glass-Onion-31')
  t.equal(await hasher.verify(others, 'Glass-Onion-31'), 'mismatch', 'it has none')
  t.equal(await hasher.verify(markImported(others), 'Glass-Onion-31'), 'outdated')
  t.equal(await hasher.verify(published[0]?.[0], 'U*U'), 'mismatch', 'without the mark')
  t.strictSame(unmarked(own), { text: own, isImported: false })
})

t.test('what would cost too much or is no hash is refused, and matches nothing', async (t) => {
  const salt = phc(Buffer.alloc(16, 1))
  const digest = phc(Buffer.alloc(32, 1))
  const refused: [hash: string, problem: RegExp][] = [
    ['', /neither/],
    ['5f4dcc3b5aa765d61d8327deb882cf99', /neither/],
    ['$1$salt$qJH7.N4xYta3aEG/dfqo/0', /neither/],
    ['$pbkdf2-sha256$29000$salt$digest', /neither/],
    [`$2a$15$${'C'.repeat(53)}`, /costs more/],
    [`$2a$31$${'C'.repeat(53)}`, /costs more/],
    [`$2a$03$${'C'.repeat(53)}`, /not a bcrypt/],
    [`$2x$05$${'C'.repeat(53)}`, /not a bcrypt/],
    [`$2a$05$${'C'.repeat(52)}`, /not a bcrypt/],
    [`$2a$05$${'C'.repeat(53)}\n`, /not a bcrypt/],
    [`$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${digest}`, /costs more/],
    [`$argon2id$v=19$m=64,t=65,p=1$${salt}$${digest}`, /costs more/],
    [`$argon2id$v=19$m=1024,t=1,p=17$${salt}$${digest}`, /costs more/],
    [`$argon2i$v=19$m=262144,t=5,p=1$${salt}$${digest}`, /costs more/],
    [`$argon2i$v=16$m=64,t=1,p=1$${salt}$${digest}`, /not an argon2/],
    [`$scrypt$ln=19,r=8,p=1$${salt}$${digest}`, /costs more/],
    [`$scrypt$ln=99,r=8,p=1$${salt}$${digest}`, /costs more/],
    [`$scrypt$ln=17,r=8,p=5$${salt}$${digest}`, /costs more/],
    [`$scrypt$ln=4,r=65,p=1$${salt}$${digest}`, /costs more/],
    [`$scrypt$ln=4,r=8,p=17$${salt}$${digest}`, /costs more/],
    [`$scrypt$ln=16,r=1,p=1$${salt}$${digest}`, /more rounds/],
    [`$scrypt$ln=14,r=8,p=1$${salt}=$${digest}`, /not a scrypt/],
    [`$scrypt$ln=14,r=8$${salt}$${digest}`, /not a scrypt/],
  ]
  for (const [hash, problem] of refused) {
    t.match(readForeignHash(hash), { problem }, hash)
    t.equal(await hasher.verify(markImported(hash), 'Glass-Onion-31'), 'mismatch', hash)
  }
})

t.test('the costliest that is taken stays within seconds', async (t) => {
  const salt = phc(Buffer.alloc(16, 1))
  const digest = phc(Buffer.alloc(32, 1))
  for (const hash of [
    `$scrypt$ln=18,r=8,p=2$${salt}$${digest}`,
    `$2b$14$${'C'.repeat(53)}`,
    `$argon2id$v=19$m=262144,t=4,p=1$${salt}$${digest}`,
  ]) {
    t.match(readForeignHash(hash), { check: Function }, hash)
    const start = performance.now()
    t.equal(await hasher.verify(markImported(hash), 'Glass-Onion-31'), 'mismatch', hash)
    t.comment(`${hash.slice(0, 30)} ${Math.round(performance.now() - start)} ms`)
  }
})
