import fc from 'fast-check'
import t from 'tap'
import { loadCommonPasswords } from '../../src/passwords/common.js'
import {
  isWellFormed,
  normalizePassword,
  passwordProblems,
  withoutCase,
} from '../../src/passwords/policy.js'

const isCommon = loadCommonPasswords()
const ada = { email: 'ada.lovelace@example.org', name: 'Ada King' }
const problems = (password: string, owner = ada, minLength = 8) =>
  passwordProblems(password, owner, { minLength, isCommon })

const malformed = 'Use only complete Unicode characters'
const short = 'Use at least 8 characters'
const long = 'Use at most 128 characters'
const lower = 'Add a lower-case letter'
const upper = 'Add an upper-case letter'
const digit = 'Add a digit'
const special = 'Add a special character, such as ! or a space'
const common = 'Choose a password that fewer people use'
const email = 'Leave the first part of your email address out of the password'
const name = 'Leave your name out of the password'

t.test('a password for Ada', async (t) => {
  const table: [password: string, expected: string[]][] = [
    ['Tr1cky-horse', []],
    ['Tr1cky-h', []],
    ['Tr1cky-', [short]],
    ['', [short, lower, upper, digit, special]],
    ['TR1CKY-HORSE', [lower]],
    ['tr1cky-horse', [upper]],
    ['Tricky-horse', [digit]],
    ['Tr1ckyhorse', [special]],
    ['tricky', [short, upper, digit, special, common]],

    // What counts as special: anything that is neither letter, digit nor part of a letter.
    ['Tr1cky horse', []],
    ['Tr1cky\u{1F40E}horse', []],
    ['Tr1cky\thorse', []],
    ['Tr1ckyhors\u00e9', [special]],
    ['Tr1ckyhorsx\u0301', [special]],
    ['Tr1cky\u0915\u093f\u0915\u093f', [special]],
    ['Tr\u2167ckyhorse-', [digit]],
    // Letters and digits of other scripts count as such.
    ['\u0416\u0438\u0440\u0430\u0444-\u0663\u0663\u0663', []],

    // Code points are counted, not UTF-16 units.
    [`aA1-${'\u{1F40E}'.repeat(3)}`, [short]],
    [`aA1-${'\u{1F40E}'.repeat(4)}`, []],
    [`aA1-${'\u{1F40E}'.repeat(124)}`, []],
    [`aA1-${'\u{1F40E}'.repeat(125)}`, [long]],
    [`aA1-${'x'.repeat(60)}`, []],
    // Both forms are bounded: this one normalises to 18 characters, and these three to one.
    [`aA1-${'\ufdfa'.repeat(6)}`, []],
    [`aA1-${'\ufdfa'.repeat(7)}`, [long]],
    [`aA1-${'\u1100\u1161\u11a8'.repeat(42)}`, [long]],
    ['aA1-\u1100\u1161\u11a8\u1100\u1161\u11a8', [short]],
    ['x'.repeat(100_000), [long]],

    ['Tr1cky-\ud800horse', [malformed]],
    ['Tr1cky-\udc00horse', [malformed]],
    ['\udc00\ud800', [malformed]],

    ['Password123!', [common]],
    ['\uff30assword123!', [common]],

    ['Ada.Lovelace-1', [email]],
    ['x1ADA.LOVELACEx', [email]],
    ['Ada.lovelac-1', []],
    ['My ada king 1', [name]],
    ['1xADA KINGx', [name]],
    ['\uff21\uff24\uff21 king-1', [name]],
    ['Adaking-1', []],
    ['Ada king ada.lovelace 1', [email, name]],
    ['Example.org-1', []],
  ]
  for (const [password, expected] of table) t.strictSame(problems(password), expected, password)
})

t.test('the owner', async (t) => {
  const table: [password: string, owner: typeof ada, expected: string[]][] = [
    ['Tr1cky-bob-horse', { email: 'bob@example.org', name: 'Bob' }, []],
    ['Tr1cky-bobb-horse', { email: 'bobb@example.org', name: 'BoB' }, [email]],
    ['Tr1cky-bobb-horse', { email: 'bob@example.org', name: ' BOBB ' }, [name]],
    // Two of these characters are four UTF-16 units, still too short to matter.
    ['Tr1cky \u{20000}\u{20001}', { email: 'bob@example.org', name: '\u{20000}\u{20001}' }, []],
    // A name in two spellings, and letters whose lower case depends on their neighbours.
    ['Tr1cky-ren\u00e9e-x', { email: 'bob@example.org', name: 'Rene\u0301e' }, [name]],
    [
      'Tr1cky \u039f\u0394\u039f\u03a3x',
      { email: 'bob@example.org', name: '\u03bf\u03b4\u03bf\u03c2' },
      [name],
    ],
    ['1x-STRAUSS', { email: 'bob@example.org', name: 'Strau\u00df' }, [name]],
    // Not yet checked input must neither match everything nor throw.
    ['Tr1cky-horse', { email: '', name: '' }, []],
    ['Tr1cky-horse', { email: '@', name: '    ' }, []],
    ['Tr1cky-horse', { email: 'horse', name: '\ud800\ud800\ud800\ud800' }, [email]],
  ]
  for (const [password, owner, expected] of table) {
    t.strictSame(problems(password, owner), expected, `${password} for ${owner.name}`)
  }
})

t.test('the least length is configured', async (t) => {
  t.strictSame(problems('Tr1cky-horse', ada, 15), ['Use at least 15 characters'])
  t.strictSame(problems('Tr1cky-horse-xy', ada, 15), [])
})

t.test('only known sentences come back, so that none quotes the password', async (t) => {
  const known = [malformed, short, long, lower, upper, digit, special, common, email, name]
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      (password) => problems(password).every((problem) => known.includes(problem)),
    ),
  )
  t.pass('for any UTF-16, lone surrogates included')
})

t.test('the same password typed in another Unicode form is judged alike', async (t) => {
  fc.assert(
    // At most 115 characters in any form: a raw form over 128 is refused, whatever it normalises to.
    fc.property(fc.string({ unit: 'binary', maxLength: 6 }), (tail) => {
      const password = `Tr1cky-${tail}`
      const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'].map((form) => password.normalize(form))
      const verdicts = new Set([password, ...forms].map((form) => problems(form).join()))
      return verdicts.size === 1
    }),
  )
  t.pass('NFC, NFD, NFKC and NFKD')
})

t.test('the forms of a text', async (t) => {
  t.equal(normalizePassword('\uff21\u0065\u0301\ufb01'), 'A\u00e9fi')
  t.equal(withoutCase('Strau\u00df'), withoutCase('STRAUSS'))
  t.equal(isWellFormed('a\u{1F40E}b'), true)
  t.equal(isWellFormed('a\ud83db'), false)
})
