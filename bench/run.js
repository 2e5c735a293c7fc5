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
import { commit, machine } from './lib/machine.js'
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
const recordOf = (name) =>
  existsSync(resultOf(name)) ? JSON.parse(readFileSync(resultOf(name), 'utf8')) : undefined
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

const secondsSince = (time) => Math.round((performance.now() - time) / 1000)
const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
const line = ({ what, target, value }) => `${what}: ${value} (${target})`

/** Runs a scenario and keeps what it found; answers the aims that were missed. */
const run = async (name) => {
  const scenario = await import(`./scenarios/${name}.js`)
  const { title, about } = scenario
  process.stderr.write(`${name}: ${title}\n`)
  const isQuick = values.quick === true
  const from = { date: new Date().toISOString(), commit: commit(), machine: machine(), isQuick }
  const began = performance.now()
  const result = await scenario.default({ tell, rounds: isQuick ? 3 : 7, isQuick })
  const seconds = secondsSince(began)
  const record = { title, about, ...from, seconds, ...result }
  writeFileSync(resultOf(name), `${JSON.stringify(record, null, 2)}\n`)
  for (const row of [result.columns, ...result.rows]) console.log(row.join(' | '))
  const { claims = [] } = result
  for (const one of claims) console.log(`${one.isKept ? 'kept  ' : 'MISSED'} ${line(one)}`)
  return claims.filter(({ isKept }) => !isKept)
}

mkdirSync(here('results'), { recursive: true })
const began = performance.now()
const failed = []
const missed = []
const chosen = values.page ? [] : positionals.length > 0 ? positionals : scenarios
for (const [at, name] of chosen.entries()) {
  process.stderr.write(`[${at + 1} of ${chosen.length}, ${clock(secondsSince(began))}] `)
  if (!scenarios.includes(name)) {
    if (!programs.includes(name))
      throw new Error(`There is no ${name}: ${[...scenarios, ...programs].join(', ')}`)
    process.stderr.write(`${name}\n`)
    const { status } = spawnSync(process.execPath, [here(`${name}.js`)], { stdio: 'inherit' })
    if (status !== 0) failed.push(name)
    continue
  }
  const isFresh = () => Date.now() - statSync(resultOf(name)).mtimeMs < day
  if (values.resume && existsSync(resultOf(name)) && isFresh()) {
    process.stderr.write(`${name} has a result\n`)
    continue
  }
  try {
    missed.push(...(await run(name)).map((one) => `${name}: ${line(one)}`))
  } catch (error) {
    failed.push(name)
    console.error(error)
  }
  writePage(scenarios, recordOf)
}
if (values.page) writePage(scenarios, recordOf)
else console.log(`${chosen.length} in ${clock(secondsSince(began))}`)
if (missed.length > 0) console.log(`Aims missed:\n${missed.map((one) => `  ${one}`).join('\n')}`)
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`)
process.exit(failed.length > 0 ? 1 : 0)
