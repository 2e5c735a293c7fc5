import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { clientOrigin, secrets } from './app.js'
import { endWithUs } from './end-with-us.js'
import { bareEnvironment, nodeFlags } from './process.js'

/** What a command said, and how it exited. */
export interface Said {
  code: number | null
  stdout: string
  stderr: string
}

export interface CommandOptions {
  env?: Record<string, string>
  cwd: string
}

const start = (file: string, args: string[], { env, cwd }: CommandOptions) => {
  const entry = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, [...nodeFlags, entry, ...args], {
    cwd,
    env: {
      ...bareEnvironment(),
      NODE_ENV: 'test',
      CLIENT_URLS: clientOrigin,
      ARGON2_MEMORY_KIB: '64',
      ARGON2_TIME_COST: '1',
      ...secrets,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (child.pid !== undefined) child.once('exit', endWithUs(child.pid))
  return child
}

/** Starts the command from its source, and does not wait; it ends by itself or by a signal. */
export const startCommand = (
  t: Pick<Test, 'teardown'>,
  args: string[],
  options: CommandOptions,
) => {
  const child = start('../../src/cli/main.ts', args, options)
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** Runs the command from its source, in a process of its own, with `input` on its standard input. */
export const command = async (
  args: string[],
  { input = '', ...options }: CommandOptions & { input?: string },
): Promise<Said> => {
  const child = start('../../src/cli/main.ts', args, options)
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code: child.exitCode, stdout, stderr }
}

/** Runs many command lines, one after the other, in one process that ends with the test. */
export const openCommands = (
  t: Pick<Test, 'teardown'>,
  options: CommandOptions,
): ((...args: string[]) => Promise<Said>) => {
  const child = start('./fixtures/commands.ts', [], options)
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  t.teardown(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'close')
  })
  return async (...args) => {
    child.stdin.write(`${JSON.stringify(args)}\n`)
    const { value, done } = await answers.next()
    if (done) throw new Error(`The commands ended:\n${stderr}`)
    return JSON.parse(value)
  }
}
