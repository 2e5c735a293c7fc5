// Copies what `tsc` leaves behind into dist, or another folder: the Lua scripts, lists and other files that
// the compiled modules read beside themselves. The last step of `npm run build`.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = process.argv[2] ?? join(root, 'dist')

/** @param {string} file */
const isAsset = (file) => !/\.(?:[cm]?tsx?|md)$/.test(file) && !/(?:^|[\\/])\./.test(file)

/** @param {string} source @param {string} target */
const same = (source, target) =>
  existsSync(target) && readFileSync(source).equals(readFileSync(target))

for (const folder of ['src', 'plugins', 'routes']) {
  if (!existsSync(join(root, folder))) continue
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const source = join(entry.parentPath, entry.name)
    const name = relative(root, source)
    const target = join(dist, name)
    if (!entry.isFile() || !isAsset(name) || same(source, target)) continue
    mkdirSync(dirname(target), { recursive: true })
    // By renaming, so that a server that starts at this moment reads the old or the new, not a half.
    const half = `${target}.${process.pid}`
    cpSync(source, half)
    renameSync(half, target)
  }
}
