// `npm run keys`: prints new signing keys (run it after `npm run build`).
import { run } from '../dist/src/cli/run.js'

process.exitCode = await run(['keys', 'generate', ...process.argv.slice(2)])
