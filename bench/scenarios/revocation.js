import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { claim } from '../lib/format.js'

export const title = 'A revocation, seen elsewhere'
export const about =
  'From the answer of the instance that ends a session to the first refusal by another one, which has the token in its cache (`bench/revocation.js`). Milliseconds.'

const program = fileURLToPath(new URL('../revocation.js', import.meta.url))

export default ({ quick }) => {
  const text = execFileSync(process.execPath, [program, quick ? '50' : '200'], { encoding: 'utf8' })
  // What follows a blank line is another table.
  const [table = ''] = text.trim().split('\n\n')
  const [columns, ...rows] = table.split('\n').map((line) => line.trim().split(/ {2,}/))
  const worst = Math.max(...rows.map((row) => Number(row[4])))
  return {
    columns: ['kind', ...columns.slice(1)],
    rows,
    claims: [claim('p99, ms', worst, 100, { atMost: true, digits: 1 })],
  }
}
