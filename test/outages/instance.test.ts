import t from 'tap'
import { build } from '../support/app.js'
import { startRedis } from '../support/redis.js'
import { endure } from './endure.js'
import { otherFaults, storeFaults } from './faults.js'
import { samples, serviceToken } from './requests.js'
import { readTable, words } from './table.js'

/* The other columns of the table in docs/operations.md, and that none of its cells is missing. */

const { faults, rows } = readTable()

t.test('the table has', async (t) => {
  t.test('a column for each fault that is provoked, and for no other', async (t) => {
    t.strictSame([...faults].sort(), Object.keys({ ...storeFaults, ...otherFaults }).sort())
  })

  t.test('a row for each route, which has a sample', async (t) => {
    const { url } = await startRedis(t)
    const { routes } = await build(t, { REDIS_URL: url, INTROSPECTION_TOKEN: serviceToken })
    const served = [...routes].filter((route) => !/^(HEAD|OPTIONS) /.test(route)).sort()
    t.strictSame([...rows.keys()].sort(), served)
    t.strictSame(Object.keys(samples).sort(), served)
  })

  t.test('a known word in each cell', async (t) => {
    for (const [route, cells] of rows) {
      for (const [fault, word] of cells) {
        t.ok((words as readonly string[]).includes(word), `${route}, ${fault}: ${word}`)
      }
    }
  })
})

for (const [column, fault] of Object.entries(otherFaults)) {
  t.test(column, (t) => endure(t, column, fault))
}
