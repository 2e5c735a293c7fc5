// Writes the tables of docs/configuration.md from the schema (run it after `npm run build`).
// With --check it writes nothing, and fails when the page is out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { withVariablesTable } from '../dist/src/config/table.js'

const page = new URL('../docs/configuration.md', import.meta.url)
const before = readFileSync(page, 'utf8')
const after = withVariablesTable(before)

if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('docs/configuration.md is out of date: run node bin/config-docs.js')
    process.exitCode = 1
  }
} else {
  writeFileSync(page, after)
}
