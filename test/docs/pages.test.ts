import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as errors from '../../src/errors.js'
import { createKeys } from '../../src/redis/keys.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

/** Of these some are not ours. */
const skipped = new Set(['node_modules', 'dist', 'coverage', 'test'])

/** Every Markdown page below a folder, as paths from the root. */
const pagesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = join(folder, entry.name)
    if (entry.isDirectory()) {
      return skipped.has(entry.name) || entry.name.startsWith('.') ? [] : pagesIn(name)
    }
    return name.endsWith('.md') ? [name] : []
  })

/** What stands outside of code blocks, comments included. */
const prose = (page: string): string => read(page).replaceAll(/^```.*?^```$/gms, '')

/** The first column of a page's tables, or of one column further to the right, where it is code. */
const column = (page: string, before = 0): string[] =>
  [...prose(page).matchAll(new RegExp(`^\\|(?:[^|]*\\|){${before}} *\`([^\`]+)\` *\\|`, 'gm'))].map(
    ([, cell]) => cell ?? '',
  )

/** GitHub's anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replaceAll(' ', '-')

const anchorsOf = (page: string): string[] =>
  [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading ?? ''))

const pages = pagesIn('')
const manifest = JSON.parse(read('package.json'))

t.test('every link within the project leads somewhere', async (t) => {
  t.ok(pages.includes('README.md'))
  for (const page of pages) {
    for (const [, target = ''] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path = '', fragment] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      t.ok(existsSync(join(root, file)), `${page}: ${target}`)
      if (fragment === undefined || !existsSync(join(root, file))) continue
      t.ok(anchorsOf(file).includes(fragment), `${page}: ${target} is a heading`)
    }
  }
})

t.test('every file that is named is there', async (t) => {
  for (const page of pages) {
    const named = /`((?:src|plugins|routes|test|bin|docs|examples|\.ci)\/[\w./-]*)`/g
    for (const [, path = ''] of prose(page).matchAll(named)) {
      t.ok(existsSync(join(root, path)), `${page}: ${path}`)
    }
  }
})

t.test('every npm script that is named is one', async (t) => {
  for (const page of pages) {
    for (const [, script = ''] of read(page).matchAll(/\bnpm run (?:--?\S+ )*([\w:-]+)/g)) {
      t.ok(script in manifest.scripts, `${page}: npm run ${script}`)
    }
  }
})

t.test('nothing is left to be written', async (t) => {
  for (const page of pages) t.notMatch(read(page), /\b(TODO|FIXME|TBD)\b/, page)
})

t.test('docs/dependencies.md has a line for each dependency, and for no other', async (t) => {
  const listed = [...read('docs/dependencies.md').matchAll(/^- `([^`]+)`:/gm)].map(
    ([, name]) => name,
  )
  const { dependencies, devDependencies } = manifest
  t.strictSame(listed.sort(), Object.keys({ ...dependencies, ...devDependencies }).sort())
})

t.test('docs/asvs.md has a line for each requirement of its chapters', async (t) => {
  // How many each section of ASVS 5.0.0 has.
  const sections = {
    V3: [1, 3, 5, 8, 8, 1, 5],
    V6: [3, 12, 8, 6, 8, 4, 2, 4],
    V7: [3, 4, 2, 5, 3, 2],
    V9: [3, 4],
    V16: [1, 5, 4, 3, 4],
  }
  const listed = [
    ...prose('docs/asvs.md').matchAll(
      /^\| (\d+\.\d+)\.(\d+)(?: to [\d.]+\.(\d+)|, [\d.]+\.(\d+))? +\|/gm,
    ),
  ].flatMap(([, section, first, to, and]) => {
    const last = Number(to ?? and ?? first)
    return Array.from(
      { length: last - Number(first) + 1 },
      (_, i) => `${section}.${Number(first) + i}`,
    )
  })
  const wanted = Object.entries(sections).flatMap(([chapter, counts]) =>
    counts.flatMap((count, i) =>
      Array.from({ length: count }, (_, n) => `${chapter.slice(1)}.${i + 1}.${n + 1}`),
    ),
  )
  t.strictSame(listed, wanted)
})

t.test('docs/api.md has a line for each error code', async (t) => {
  const catalogue = Object.values(errors).flatMap((entry) => ('code' in entry ? [entry.code] : []))
  const listed = column('docs/api.md', 1)
  // What never reaches a route is not in the catalogue.
  t.strictSame(listed.sort(), ['REQUEST_TIMEOUT', ...catalogue].sort())
})

t.test('ARCHITECTURE.md has a line for', async (t) => {
  const listed = new Set(column('ARCHITECTURE.md'))

  t.test('each key in Redis', async (t) => {
    for (const key of Object.keys(createKeys(''))) t.ok(listed.has(key), key)
  })

  t.test('each plugin', async (t) => {
    const text = read('ARCHITECTURE.md')
    for (const file of readdirSync(join(root, 'plugins'))) {
      const name = file.replace(/\.ts$/, '')
      t.ok(text.includes(`\`${name}\``), name)
    }
  })
})
