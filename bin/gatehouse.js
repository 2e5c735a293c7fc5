#!/usr/bin/env node
import { existsSync } from 'node:fs'

const program = new URL('../dist/src/cli/main.js', import.meta.url)
if (existsSync(program)) {
  await import(program.href)
} else {
  console.error('There is no build yet: run npm run build')
  process.exitCode = 1
}
