/**
 * Runs scenarios and writes docs/performance.md from what they found.
 *
 * Usage: node run.js [NAME …]   without a name: all of them. A result is kept in results/, so that one that
 * was broken off can go on; `--resume` skips what has a result that is younger than a day, `--quick` takes
 * fewer rounds, `--page` only writes the page anew. Other programs here are run by name too.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writePage } from './lib/page.js'

/** In the order of the page. */
const scenarios = [
  'protected',
  'peers',
  'fresh',
  'refresh',
  'login',
  'register',
  'introspect',
  'spa',
  'workers',
  'size',
  'memory',
  'start',
  'redis',
  'revocation',
]
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const resultOf = (name) => here(`results/${name}.json`)
const day = 24 * 60 * 60_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    resume: { type: 'boolean' },
    quick: { type: 'boolean' },
    page: { type: 'boolean' },
  },
})

/** Programs that stand by themselves. */
const programs = readdirSync(here('.'))
  .filter((name) => name.endsWith('.js') && name !== 'run.js')
  .map((name) => name.slice(0, -3))

const tell = (text) => process.stderr.write(`  ${text}\n`)

const run = async (name) => {
  const scenario = await import(`./scenarios/${name}.js`)
  process.stderr.write(`${name}: ${scenario.title}\n`)
  const began = performance.now()
  const result = await scenario.default({ tell, rounds: values.quick ? 3 : 7, quick: values.quick })
  const seconds = Math.round((performance.now() - began) / 1000)
  const { title, about } = scenario
  const record = { title, about, date: new Date().toISOString(), seconds, ...result }
  writeFileSync(resultOf(name), `${JSON.stringify(record, null, 2)}\n`)
  for (const row of [result.columns, ...result.rows]) console.log(row.join(' | '))
  for (const { what, target, value, isKept } of result.claims ?? []) {
    console.log(`${isKept ? 'kept  ' : 'MISSED'} ${what}: ${value} (${target})`)
  }
}

mkdirSync(here('results'), { recursive: true })
const failed = []
const chosen = values.page ? [] : positionals.length > 0 ? positionals : scenarios
for (const name of chosen) {
  if (!scenarios.includes(name)) {
    if (!programs.includes(name))
      throw new Error(`There is no ${name}: ${[...scenarios, ...programs].join(', ')}`)
    const { status } = spawnSync(process.execPath, [here(`${name}.js`)], { stdio: 'inherit' })
    if (status !== 0) failed.push(name)
    continue
  }
  const isFresh = () => Date.now() - statSync(resultOf(name)).mtimeMs < day
  if (values.resume && existsSync(resultOf(name)) && isFresh()) {
    tell(`${name} has a result`)
    continue
  }
  try {
    await run(name)
  } catch (error) {
    failed.push(name)
    console.error(error)
  }
  writePage(
    scenarios
      .filter((one) => existsSync(resultOf(one)))
      .map((one) => [one, JSON.parse(readFileSync(resultOf(one), 'utf8'))]),
  )
}
if (values.page) {
  writePage(
    scenarios
      .filter((one) => existsSync(resultOf(one)))
      .map((one) => [one, JSON.parse(readFileSync(resultOf(one), 'utf8'))]),
  )
}
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`)
process.exit(failed.length > 0 ? 1 : 0)
