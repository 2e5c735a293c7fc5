// `npm run keys`: prints new signing keys (run it after `npm run build`).
import { keysCommand } from '../dist/src/keys-command.js'

const { exitCode, output } = keysCommand(process.argv.slice(2))
process[exitCode === 0 ? 'stdout' : 'stderr'].write(`${output}\n`)
process.exitCode = exitCode
