import t from 'tap'
import { type AccountFilter, accountFilter } from '../../src/accounts/search.js'
import { newAccount } from '../stores/subject.js'

const finds = (filter: AccountFilter, name: string): boolean =>
  accountFilter(filter)?.(newAccount({ name, email: 'x@example.com' })) ?? true

t.test('a search', async (t) => {
  t.test('finds the beginning of the name and of its words', async (t) => {
    for (const [search, name] of [
      ['ada', 'Ada Lovelace'],
      ['love', 'Ada Lovelace'],
      ['ada love', 'Ada Lovelace'],
      ['luc', 'Jean-Luc Picard'],
      ['brien', "Conan O'Brien"],
      ['o\u2019b', 'Conan O\u2019Brien'],
      ['(c', 'Ada (Countess)'],
      ['countess', 'Ada (Countess)'],
      ['2', 'Ada 2nd'],
      ['x@', 'Somebody'],
      ['  ada  ', 'Ada'],
      ['明', '小 明'],
    ] as const) {
      t.ok(finds({ search }, name), `${search} in ${name}`)
    }
  })

  t.test('finds nothing in the midst of a word', async (t) => {
    for (const [search, name] of [
      ['da', 'Ada'],
      ['lace', 'Ada Lovelace'],
      ['example', 'Ada'],
      ['\u0301', 'e\u0301va'],
      ['ada  lovelace', 'Ada Lovelace'],
      ['.*', 'Ada'],
    ] as const) {
      t.notOk(finds({ search }, name), `${search} in ${name}`)
    }
  })

  t.test('knows no case, in any script', async (t) => {
    for (const [search, name] of [
      ['ÉVA', 'éva'],
      ['e\u0301va', 'Éva'],
      ['strasse', 'Straße'],
      ['STRAßE', 'strasse'],
      ['ΟΔΟΣ', 'οδος'],
      ['οδοσ', 'Οδος'],
      ['οδος', 'Οδοσίτης'],
      ['ДМИТР', 'Дмитрий'],
      ['ａｄａ', 'Ada'],
      ['Ǆ', 'ǆ'],
      ['𐐀', '𐐨'],
    ] as const) {
      t.ok(finds({ search }, name), `${search} in ${name}`)
    }
  })
})

t.test('without anything to look for there is no filter', async (t) => {
  for (const filter of [{}, { search: '' }, { search: ' \t' }]) {
    t.equal(accountFilter(filter), undefined)
  }
  t.ok(accountFilter({ isActive: false }))
})

t.test('role and state have to fit as well', async (t) => {
  t.ok(finds({ role: 'user', isActive: true, search: 'ada' }, 'Ada'))
  t.notOk(finds({ role: 'admin', search: 'ada' }, 'Ada'))
  t.notOk(finds({ isActive: false, search: 'ada' }, 'Ada'))
})
