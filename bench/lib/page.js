import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { picture } from './plot/picture.js'

const docs = (name) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))
const pagePath = docs('performance.md')
const begin = '<!-- begin of what bench/run.js writes -->'
const end = '<!-- end of what bench/run.js writes -->'

const table = (columns, rows) => {
  const lines = [columns, columns.map((_, at) => (at === 0 ? '---' : '---:')), ...rows]
  const text = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  return `<!-- biome-ignore format: written by bench/run.js -->\n${text}`
}

const command = (name) => `npm run bench -- ${name}`

const section = (name, record) => {
  const { title, about, date, commit, seconds, isQuick, columns, rows, claims, panels } = record
  const when = `${date.slice(0, 10)} at \`${commit}\`, ${seconds} s`
  const parts = [
    `### ${title}`,
    `${about} (\`${command(name)}\`, ${when}${isQuick ? ', a quick run' : ''}.)`,
  ]
  if (panels !== undefined) {
    writeFileSync(docs(`performance-${name}.svg`), picture(title, panels))
    parts.push(`![${title}](performance-${name}.svg)`)
  }
  parts.push(table(columns, rows))
  if (claims !== undefined) {
    const words = claims.map(({ what, target, value, isKept }) => [
      what,
      target,
      value,
      isKept ? 'yes' : 'no',
    ])
    parts.push(table(['aim', 'target', 'measured', 'reached'], words))
  }
  return parts.join('\n\n')
}

/**
 * Writes what was measured into the page, between its marks; the rest of it is written by hand. What has no
 * record here keeps the section that it has.
 */
export const writePage = (names, recordOf) => {
  const page = readFileSync(pagePath, 'utf8')
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from)
    throw new Error(`docs/performance.md needs the lines ${begin} and ${end}`)
  const [head, ...sections] = page.slice(from + begin.length, to).split(/^(?=### )/m)
  const records = names.flatMap((name) => recordOf(name) ?? [])
  const [newest] = records.toSorted((a, b) => b.date.localeCompare(a.date))
  const written = names.map((name) => {
    const record = recordOf(name)
    if (record !== undefined) return section(name, record)
    return sections.find((one) => one.includes(`(\`${command(name)}\``))
  })
  const text = [begin, newest?.machine ?? head, ...written, end]
    .filter((part) => part !== undefined)
    .map((part) => part.trim())
    .join('\n\n')
  writeFileSync(pagePath, `${page.slice(0, from)}${text}${page.slice(to + end.length)}`)
}
