import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { claim } from '../lib/format.js'

export const title = 'A revocation, seen elsewhere'
export const about =
  'From the answer of the instance that ends a session to the first refusal by another one, which has the token in its cache (`bench/revocation.js`). Milliseconds.'

const program = fileURLToPath(new URL('../revocation.js', import.meta.url))

export default ({ isQuick }) => {
  const text = execFileSync(process.execPath, [program, isQuick ? '50' : '200'], {
    encoding: 'utf8',
  })
  // What follows a blank line is another table.
  const [table = ''] = text.trim().split('\n\n')
  const [columns, ...rows] = table.split('\n').map((line) => line.trim().split(/ {2,}/))
  const worst = Math.max(...rows.map((row) => Number(row[4])))
  return {
    columns: ['kind', ...columns.slice(1)],
    rows,
    panels: [
      {
        kind: 'bars',
        caption: 'ms from the answer here to the first refusal there',
        series: ['p50', 'p95', 'p99'],
        rows: rows.map(([name, , ...times]) => ({ name, values: times.slice(0, 3).map(Number) })),
      },
    ],
    claims: [claim('p99, ms', worst, 100, { atMost: true, digits: 1 })],
  }
}
