import type { Command } from 'commander'
import { textOf } from '../config/kinds.js'
import { ConfigError, type Environment, loadConfig, readEnvironment } from '../config/load.js'
import { type Config, variables } from '../config/schema.js'
import { weaknessesOf } from '../config/weaknesses.js'
import { exitCodes } from './failure.js'
import { note, print, table } from './output.js'

type Source = 'set' | 'file' | 'default'

const hidden = '********'

/** One variable, as the server would run with it; a secret shows only that it is there. */
interface Row {
  name: string
  value: unknown
  /** The same as an operator would set it. */
  text: string
  source: Source
}

const sourceOf = (name: string, env: Environment): Source => {
  if (env[name]) return 'set'
  return env[`${name}_FILE`] ? 'file' : 'default'
}

const rowsOf = (config: Config, env: Environment): Row[] =>
  variables.flatMap(([name, { secret, kind }]) => {
    const value = Object.entries(config).find(([known]) => known === name)?.[1]
    if (value === undefined) return []
    const shown = secret ? { value: hidden, text: hidden } : { value, text: textOf(kind, value) }
    return [{ name, ...shown, source: sourceOf(name, env) }]
  })

const readConfig = (env: Environment): { config?: Config; problems: readonly string[] } => {
  try {
    return { config: loadConfig(env), problems: [] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems }
  }
}

const check = ({ json }: { json?: true }): void => {
  const env = readEnvironment()
  const { config, problems } = readConfig(env)
  const rows = config === undefined ? [] : rowsOf(config, env)
  const weak = config === undefined ? [] : weaknessesOf(config)
  process.exitCode = config === undefined ? exitCodes.configuration : 0
  if (json) {
    const values = Object.fromEntries(
      rows.map(({ name, value, source }) => [name, { value, source }]),
    )
    print(JSON.stringify({ ok: problems.length === 0, problems, weak, values }))
    return
  }
  for (const problem of problems) note(`wrong: ${problem}`)
  if (rows.length > 0) {
    const cells = rows.map(({ name, text, source }) => [name, source, text])
    print(table(['VARIABLE', 'FROM', 'VALUE'], cells))
  }
  for (const advice of weak) note(`weak: ${advice}`)
  if (problems.length === 0)
    note(weak.length > 0 ? 'It would start' : 'It would start; nothing is weak')
}

/** Adds `config check`, which opens no store. */
export const addConfigCommands = (program: Command): void => {
  program
    .command('config')
    .description('the configuration')
    .command('check')
    .description('say what is wrong, what is weak, and what the server would run with')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExits 78 where the server would not start.\n\nExample:\n  NODE_ENV=production gatehouse config check',
    )
    .action(check)
}
