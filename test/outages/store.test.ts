import t from 'tap'
import { endure } from './endure.js'
import { storeFaults } from './faults.js'

/* The columns of the table in docs/operations.md that are about the store. */

for (const [column, fault] of Object.entries(storeFaults)) {
  t.test(column, (t) => endure(t, column, fault))
}
