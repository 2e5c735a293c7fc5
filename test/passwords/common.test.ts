import { readFileSync } from 'node:fs'
import { dictionary } from '@zxcvbn-ts/language-common'
import fc from 'fast-check'
import t from 'tap'
import { loadCommonPasswords } from '../../src/passwords/common.js'
import { passwordProblems } from '../../src/passwords/policy.js'

const isCommon = loadCommonPasswords()
const lines = (file: string) =>
  readFileSync(new URL(`../../src/passwords/common/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')

const min8 = lines('seclists-min8.txt')
const min15 = lines('seclists-min15.txt')

t.test('the top 3,000 that match the policy are refused (ASVS 5.0, 6.2.4)', async (t) => {
  for (const [minLength, list] of [
    [8, min8],
    [15, min15],
  ] as const) {
    const top = list.slice(0, 3000)
    t.equal(top.length, 3000)
    t.ok(
      top.every((password) => password.length >= minLength),
      `they have ${minLength} characters`,
    )
    const owner = { email: 'x@example.org', name: 'X Y' }
    const passed = top.filter(
      (password) =>
        !passwordProblems(password, owner, { minLength, isCommon }).includes(
          'Choose a password that fewer people use',
        ),
    )
    t.strictSame(passed, [], `none passes where ${minLength} characters are asked for`)
  }
})

t.test('the copy of the dictionary is that of the installed package', async (t) => {
  t.strictSame(lines('zxcvbn.txt'), dictionary['passwords-common'])
})

t.test('the lists', async (t) => {
  const all = [...lines('zxcvbn.txt'), ...min8, ...min15]
  t.ok(new Set(all).size > 60_000, 'are long')
  t.ok(
    all.every((word) => /^[\x21-\x7e]+$/.test(word)),
    'are ASCII without spaces, so that reading them as Latin-1 is exact',
  )
})

t.test('common', async (t) => {
  for (const password of [
    'Password123!',
    'Qwerty123!',
    'Letmein!2024',
    '!!Dragon99',
    '1qaz2wsx',
    '1QAZ2WSX',
    'PolniyPizdec0211',
    'polniypizdec0211',
    '123456789987654321',
    '  Sunshine  ',
    'Monkey\n1',
    '\uff30\uff21ssword1!',
    'Password1\u20e3!\u{1F511}',
  ]) {
    t.equal(isCommon(password), true, JSON.stringify(password))
  }
})

t.test('not common', async (t) => {
  for (const password of [
    '',
    '\n',
    '12!34?5678 ',
    'Tr1cky-horse',
    // Five characters remain of an ordinary word.
    'Happy-1815!',
    // The sign stands inside, and letters are not exchanged for signs.
    'Pass-word123!',
    'P@$$w\u00f6rd1!',
    // Neighbours in the list, joined as they stand there.
    'football\nmonkey',
    'Football\nMonkey\nLetmein',
  ]) {
    t.equal(isCommon(password), false, JSON.stringify(password))
  }
})

t.test('a common word stays common in any case and decoration', async (t) => {
  const words = [...lines('zxcvbn.txt'), ...min8, ...min15].filter((word) =>
    /^[a-z].{4,}[a-z]$/i.test(word),
  )
  const decoration = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...'0123456789!?#$%&*-_.,:; \n'),
      fc.constantFrom('\u0663', '\u20ac', '\u{1F40E}', '\u3000', '\u200b', '\ufe0f'),
    ),
    maxLength: 20,
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...words),
      fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
      decoration,
      decoration,
      (word, shout, before, after) => {
        const spelt = [...word].map((letter, at) => (shout[at] ? letter.toUpperCase() : letter))
        return isCommon(`${before}${spelt.join('')}${after}`)
      },
    ),
    { numRuns: 500 },
  )
  t.pass(`drawn from ${words.length} words`)
})

t.test('never throws', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => typeof isCommon(text) === 'boolean'),
  )
  t.equal(isCommon('!'.repeat(100_000)), false)
})
