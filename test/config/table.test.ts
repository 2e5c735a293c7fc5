import { readFileSync } from 'node:fs'
import t from 'tap'
import { variables } from '../../src/config/schema.js'
import { variablesTables, withVariablesTable } from '../../src/config/table.js'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

t.test('docs/configuration.md is what the schema says', async (t) => {
  t.equal(page, withVariablesTable(page), 'else run: npm run build && node bin/config-docs.js')
})

t.test('the tables', async (t) => {
  const rows = variablesTables()
    .split('\n')
    .filter((line) => line.startsWith('| `'))

  t.test('have a row of four cells for each variable', async (t) => {
    t.equal(rows.length, variables.length)
    for (const row of rows) t.equal(row.split(/(?<!\\)\|/).length, 6, row)
  })

  t.test('tell the default of each profile, what is required, and what is secret', async (t) => {
    const row = (name: string) => rows.find((row) => row.startsWith(`| \`${name}\``))
    t.match(
      row('LOG_LEVEL'),
      '| `debug` in development, `warn` in test and production, `info` in staging |',
    )
    t.match(
      row('CLIENT_URLS'),
      '| `http://localhost:3000` in development, required in test, staging and production |',
    )
    t.match(row('SMTP_URL'), '| `SMTP_URL` (secret) | unset |')
    t.match(row('RATE_LIMIT_USER_MAX'), '| 10 times `RATE_LIMIT_MAX_REQUESTS` |')
  })

  t.test('are not written into a page without their place', async (t) => {
    t.throws(() => withVariablesTable('# Configuration'), /The page needs the lines/)
  })
})
