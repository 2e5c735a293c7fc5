import fc from 'fast-check'
import t from 'tap'
import { createFieldCheck, emailRule, nameRule, type Ruled } from '../../src/accounts/rules.js'

const isRefused = (ruled: Ruled): boolean => 'problem' in ruled
const kept = (ruled: Ruled): string | undefined => ('value' in ruled ? ruled.value : undefined)

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const text = (characters: string, minLength: number, maxLength: number) =>
  fc
    .array(fc.constantFrom(...characters), { minLength, maxLength })
    .map((chosen) => chosen.join(''))

/** Addresses as people have them, and all others that the rule allows. */
const address = fc
  .tuple(
    fc.array(text(`${letters}!#$%&'*+/=?^_\`{|}~-`, 1, 12), { minLength: 1, maxLength: 4 }),
    fc.array(
      fc
        .tuple(text(letters, 1, 1), text(`${letters}-`, 0, 20), text(letters, 1, 1))
        .map((label) => label.join('')),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([local, domain]) => `${local.join('.')}@${domain.join('.')}`)

const blanks = text(' \t\u00a0\u3000\ufeff', 0, 3)

t.test('emails', async (t) => {
  t.test('are kept in one spelling: without blanks around them, in lower case', async (t) => {
    fc.assert(
      fc.property(address, blanks, blanks, (email, before, after) => {
        t.equal(kept(emailRule(before + email + after)), email.toLowerCase())
      }),
    )
    t.pass('whatever the address')
  })

  t.test('that are kept are kept as they are the next time', async (t) => {
    const nearly = fc.tuple(address, fc.nat(60), fc.string({ unit: 'grapheme', maxLength: 2 }))
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      nearly.map(([email, at, odd]) => email.slice(0, at) + odd + email.slice(at)),
    )
    fc.assert(
      fc.property(anything, (input) => {
        const value = kept(emailRule(input))
        if (value === undefined) return true
        const isSafe = /^[!-~]+$/.test(value) && value.length <= 254
        const isOne = value.split('@').length === 2 && value === value.toLowerCase()
        return isSafe && isOne && kept(emailRule(value)) === value
      }),
      { numRuns: 1_000 },
    )
    t.pass('and are plain ASCII of bounded length')
  })

  t.test('are as long as mail allows, and no longer', async (t) => {
    const local = 'x'.repeat(64)
    const label = 'y'.repeat(63)
    t.notOk(isRefused(emailRule(`${local}@example.com`)))
    t.ok(isRefused(emailRule(`x${local}@example.com`)))
    t.notOk(isRefused(emailRule(`a@${label}.com`)))
    t.ok(isRefused(emailRule(`a@y${label}.com`)))
    const longest = `${local}@${[label, label, 'y'.repeat(61)].join('.')}`
    t.equal(longest.length, 254)
    t.notOk(isRefused(emailRule(longest)))
    t.ok(isRefused(emailRule(`${longest}y`)))
  })

  t.test('keep dots and tags', async (t) => {
    t.equal(kept(emailRule('J.Doe+Shop@gmail.com')), 'j.doe+shop@gmail.com')
  })

  t.test('are refused where they are no address', async (t) => {
    for (const odd of [
      '',
      ' ',
      'ada',
      '@',
      'ada@',
      '@example.com',
      'ada@@example.com',
      'ada@b@example.com',
      '.ada@example.com',
      'ada.@example.com',
      'a..da@example.com',
      'ada@.example.com',
      'ada@example.com.',
      'ada@example..com',
      'ada@-example.com',
      'ada@example-.com',
      'ada@exa_mple.com',
      'a da@example.com',
      'ada@example .com',
      'ada,bob@example.com',
      'Ada <ada@example.com>',
      'mailto:ada@example.com',
      'ada@example.com?x',
    ]) {
      t.ok(isRefused(emailRule(odd)), JSON.stringify(odd))
    }
  })

  t.test('are refused where only the standard of mail allows them', async (t) => {
    for (const odd of [
      '"ada"@example.com',
      'ada(x)@example.com',
      'ada@[192.0.2.1]',
      'a\\@b@c.de',
    ]) {
      t.ok(isRefused(emailRule(odd)), odd)
    }
  })

  t.test('are refused with a line break, even at an end', async (t) => {
    for (const end of ['\n', '\r', '\r\n', '\v', '\f', '\u2028', '\u2029', '\u0085', '\u0000']) {
      t.ok(isRefused(emailRule(`ada@example.com${end}`)), encodeURIComponent(end))
      t.ok(isRefused(emailRule(`${end}ada@example.com`)))
      t.ok(isRefused(emailRule(`ada@example.com${end}Bcc: all@example.com`)))
    }
  })

  t.test('are refused with letters that look like others, or become others', async (t) => {
    // A Kelvin sign becomes k in lower case, a full-width letter under NFKC.
    for (const odd of ['\u212aate@example.com', '\uff41da@example.com', 'ad\u0430@example.com']) {
      t.ok(isRefused(emailRule(odd)), odd)
    }
    t.ok(isRefused(emailRule('ada@ex\u00e4mple.com')))
    t.equal(kept(emailRule('ada@xn--exmple-cua.com')), 'ada@xn--exmple-cua.com')
  })
})

t.test('names', async (t) => {
  t.test('have 2 to 50 characters, however many units these take', async (t) => {
    for (const character of ['x', '\u00e9', '\u{1f426}', '\u4e2d']) {
      t.ok(isRefused(nameRule(character)))
      t.equal(kept(nameRule(character.repeat(2))), character.repeat(2))
      t.equal(kept(nameRule(character.repeat(50))), character.repeat(50))
      t.ok(isRefused(nameRule(character.repeat(51))))
    }
  })

  t.test('are kept trimmed and composed', async (t) => {
    t.equal(kept(nameRule(' \u3000Ame\u0301lie  de la Tour\t')), 'Am\u00e9lie  de la Tour')
    t.ok(isRefused(nameRule(' x ')))
  })

  t.test('may be of any script, with the signs that belong to it', async (t) => {
    for (const name of [
      "D'Arcy O\u2019Neill-Smith, Jr.",
      '\u674e\u5c0f\u9f99',
      '\u0645\u062d\u0645\u062f',
      '\u0928\u0930\u0947\u0928\u094d\u0926\u094d\u0930',
      '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} & Co',
      '<b>Bobby</b>"; DROP TABLE users;--',
    ]) {
      t.equal(kept(nameRule(name)), name)
    }
  })

  t.test('break no line and no terminal', async (t) => {
    for (const odd of [
      '\n',
      '\r',
      '\t',
      '\0',
      '\u001b[31m',
      '\u007f',
      '\u0085',
      '\u2028',
      '\u2029',
    ]) {
      t.ok(isRefused(nameRule(`Ada${odd}Lovelace`)), encodeURIComponent(odd))
    }
  })

  t.test('that are kept are kept as they are the next time', async (t) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (input) => {
        const value = kept(nameRule(input))
        return value === undefined || kept(nameRule(value)) === value
      }),
      { numRuns: 1_000 },
    )
    t.pass('whatever the name')
  })
})

t.test('the problems of several fields are told together', async (t) => {
  const check = createFieldCheck()
  t.equal(check.take('name', { value: 'Ada' }), 'Ada')
  t.equal(check.take('email', { problem: 'No email' }), '')
  check.note('password', ['Too short', 'Too plain'])
  check.note('other', [])
  t.strictSame(check.errors, [
    { field: 'email', message: 'No email' },
    { field: 'password', message: 'Too short' },
    { field: 'password', message: 'Too plain' },
  ])
})
