// `npm run dev`: compiles on change and restarts the server with each new build.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endWithNpm } from '../dist/src/with-npm.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))

/** @param {string[]} args */
const run = (...args) => spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })

const children = [
  run(compiler, '--watch', '--preserveWatchOutput'),
  run('--watch', '--watch-preserve-output', 'dist/src/main.js'),
]
const stop = () => {
  for (const child of children) child.kill()
}
endWithNpm(process.env)
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
for (const child of children) child.once('exit', stop)
