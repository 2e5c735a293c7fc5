import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { findRedisServer } from '../../test/support/programs.js'
import { barChart } from './plot.js'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const pagePath = here('../../docs/performance.md')
const begin = '<!-- begin of what bench/run.js writes -->'
const end = '<!-- end of what bench/run.js writes -->'

const versionOf = (name) =>
  JSON.parse(readFileSync(here(`../node_modules/${name}/package.json`), 'utf8')).version

const machine = () => {
  const [{ model }] = cpus()
  const redis = /v=(\S+)/.exec(execFileSync(findRedisServer(), ['--version'], { encoding: 'utf8' }))
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
    cwd: here('.'),
  })
  const names = [
    'fastify',
    'express',
    'jsonwebtoken',
    'bcryptjs',
    'better-auth',
    'supertokens-node',
    '@fastify/jwt',
    '@fastify/helmet',
    '@fastify/rate-limit',
    'ioredis',
    '@node-rs/argon2',
  ]
  return [
    `Measured on ${cpus().length} cores of ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node.js ${process.versions.node}, Redis ${redis?.[1]}, all on one machine; Gatehouse at \`${commit.trim()}\`.`,
    `Versions: ${names.map((name) => `${name} ${versionOf(name)}`).join(', ')}.`,
  ].join(' ')
}

const table = (columns, rows) =>
  [columns, columns.map((_, at) => (at === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')

const section = ([name, { title, about, date, seconds, columns, rows, claims = [], plot }]) => {
  const parts = [
    `### ${title}`,
    `${about} (\`npm run bench -- ${name}\`, ${date.slice(0, 10)}, ${seconds} s.)`,
  ]
  if (plot !== undefined) {
    writeFileSync(here(`../../docs/performance-${name}.svg`), barChart(title, plot))
    parts.push(`![${title}](performance-${name}.svg)`)
  }
  parts.push(`<!-- biome-ignore format: written by bench/run.js -->\n${table(columns, rows)}`)
  if (claims.length > 0) {
    const words = claims.map(({ what, target, value, isKept }) => [
      what,
      target,
      value,
      isKept ? 'yes' : 'no',
    ])
    parts.push(
      `<!-- biome-ignore format: written by bench/run.js -->\n${table(['aim', 'target', 'measured', 'reached'], words)}`,
    )
  }
  return parts.join('\n\n')
}

/** Writes what was measured into the page, between its marks; the rest of it is written by hand. */
export const writePage = (results) => {
  const page = existsSync(pagePath)
    ? readFileSync(pagePath, 'utf8')
    : `# Performance\n\n${begin}\n${end}\n`
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from)
    throw new Error(`docs/performance.md needs the lines ${begin} and ${end}`)
  const text = [
    begin,
    ...(results.length > 0 ? [machine()] : []),
    ...results.map(section),
    end,
  ].join('\n\n')
  writeFileSync(pagePath, `${page.slice(0, from)}${text}${page.slice(to + end.length)}`)
}
