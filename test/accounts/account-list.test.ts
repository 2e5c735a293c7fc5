import t from 'tap'
import { collectPage, type Listed, placeOf } from '../../src/accounts/account-list.js'
import { newAccount } from '../stores/subject.js'

t.test('a place', async (t) => {
  t.test('sorts as text like the time of creation', async (t) => {
    const times = [0, 1, 35, 36, 999_999, 1_700_000_000_000, 9_999_999_999_999]
    const places = times.map((createdAt) => placeOf({ createdAt, userId: 'ada' }))
    t.strictSame([...places].sort(), places)
  })
})

/** So many accounts, of which each thousandth is an admin, and how they are read. */
const longList = (length: number) => {
  const entries = Array.from({ length }, (_, i): Listed => {
    const account = newAccount({ createdAt: i, role: i % 1_000 === 0 ? 'admin' : 'user' })
    return { place: placeOf(account), account }
  }).reverse()
  const read = { calls: 0, places: 0 }
  return {
    read,
    answer: async (before: string | undefined, count: number) => {
      const from = before === undefined ? 0 : entries.findIndex(({ place }) => place === before) + 1
      const batch = entries.slice(from, from + count)
      read.calls += 1
      read.places += batch.length
      return batch
    },
  }
}

t.test('a page', async (t) => {
  t.test('reads no more than it shows, and one', async (t) => {
    const { read, answer } = longList(500)
    const { accounts, nextCursor } = await collectPage({ limit: 20 }, answer)
    t.equal(accounts.length, 20)
    t.ok(nextCursor)
    t.strictSame(read, { calls: 1, places: 21 })
  })

  t.test('stops after so many that do not fit, and goes on from there', async (t) => {
    const { read, answer } = longList(25_000)
    const sizes: number[] = []
    let cursor: string | undefined
    do {
      const before = read.places
      const page = await collectPage(
        { limit: 100, role: 'admin', ...(cursor && { cursor }) },
        answer,
      )
      t.ok(read.places - before <= 10_000)
      sizes.push(page.accounts.length)
      cursor = page.nextCursor
    } while (cursor !== undefined)
    t.strictSame(sizes, [10, 10, 5])
  })

  t.test('is full where enough fit, and the next one begins behind it', async (t) => {
    const { answer } = longList(10_000)
    const first = await collectPage({ limit: 4, role: 'admin' }, answer)
    t.strictSame(
      first.accounts.map(({ createdAt }) => createdAt),
      [9_000, 8_000, 7_000, 6_000],
    )
    const { nextCursor: cursor = '' } = first
    const second = await collectPage({ limit: 100, role: 'admin', cursor }, answer)
    t.equal(second.accounts[0]?.createdAt, 5_000)
    t.equal(second.accounts.length, 6)
    t.equal(second.nextCursor, undefined)
  })

  t.test('of places that lead to nobody is empty, and has an end', async (t) => {
    const empty = async (before: string | undefined, count: number): Promise<Listed[]> =>
      before === undefined
        ? Array.from({ length: count }, (_, i) => ({ place: `00000000${i}x`, account: undefined }))
        : []
    t.strictSame(await collectPage({ limit: 2 }, empty), { accounts: [] })
  })
})
