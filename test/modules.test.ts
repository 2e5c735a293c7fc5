import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

/** What starts the server when it is loaded. The tests of processes run it. */
const entries = ['src/main.ts', 'src/cli/main.ts']

/** What keeps a process running; reads and look-ups of the loading itself come and go. */
const opened = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => /^(Timeout|TCP|UDP|Worker|FSEvent|Process)/.test(kind))

/** Of types and comments nothing is left to run: as covered lines they would flatter the sum. */
const hasCode = (file: string): boolean => {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
      removeComments: true,
    },
  })
  return outputText.replace('export {};', '').trim() !== ''
}

/**
 * Coverage knows only what was loaded: without this, a module that no test uses would not count as
 * uncovered, but not at all.
 */
t.test('every module loads without doing anything', async (t) => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const modules = ['src', 'plugins', 'routes'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .filter((name) => hasCode(root + name)),
  )
  t.ok(modules.length > 0)
  const before = opened()
  for (const name of modules.filter((name) => !entries.includes(name))) {
    await t.resolves(import(`../${name.replace(/\.ts$/, '.js')}`), name)
  }
  t.strictSame(opened(), before, 'no timer, socket or thread is left running')
})
