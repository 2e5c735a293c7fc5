import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ConfigError, errorCode } from './config-error.js'
import { addDevelopmentSecrets, collectGiven, type Environment, type Given } from './given.js'
import { readers } from './kinds.js'
import { defaultOf, profileOf, profileRules } from './profiles.js'
import { rules } from './rules.js'
import { type Config, ConfigSchema, mandatory, variables } from './schema.js'
import type { Profile, VariableSchema } from './variables.js'

export { ConfigError } from './config-error.js'
export type { Environment } from './given.js'

/** What the configuration is read with, besides variables. */
export interface LoadOptions {
  /** What relative paths start from, and where `.data/` is; the current folder by default. */
  folder?: string
  /** Processor cores; those that this process may use by default. */
  cores?: number
}

type Values = Record<string, unknown>

const PartialSchema = Type.Partial(ConfigSchema)

/**
 * The process's environment, over the `.env` file of the folder in development: the only place in the
 * project that reads `process.env`. Throws `ConfigError` when there is a `.env` that can't be read.
 */
export function readEnvironment(
  folder = process.cwd(),
  own: Environment = process.env,
): Environment {
  if (profileOf(own.NODE_ENV || undefined) !== 'development') return { ...own }
  try {
    return { ...parseEnv(readFileSync(join(folder, '.env'), 'utf8')), ...own }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { ...own }
    throw new ConfigError([`.env is there, but can't be read (${errorCode(error)})`])
  }
}

/** Quotes the text where it can't be a secret; an address may hold a password. */
function refusal(name: string, { form, kind, secret }: VariableSchema, text: string): string {
  const quoted = secret || kind === 'url' ? '' : `, not ${JSON.stringify(text.slice(0, 80))}`
  return `${name} must be ${form}${quoted}`
}

/** The values of all texts that can be read, given or default. */
function parse(given: Given, profile: Profile, options: Required<LoadOptions>, problems: string[]) {
  const values: Values = {}
  const autoWorkers = given.has('REDIS_URL') ? Math.min(options.cores, 4) : 1
  for (const [name, variable] of variables) {
    const text = given.has(name) ? given.get(name) : defaultOf(variable, profile)
    if (text === undefined) continue
    const auto = name === 'CLUSTER_WORKERS' && text === 'auto'
    const value = auto ? autoWorkers : readers[variable.kind](text, options.folder)
    if (Value.Check(variable, value)) values[name] = value
    else problems.push(refusal(name, variable, text))
  }
  return values
}

/** Defaults that follow from other values; undefined where those could not be read. */
const derive = (values: Values, cores: number): Values => {
  const { PORT, RATE_LIMIT_MAX_REQUESTS: requests, CLUSTER_WORKERS: workers = 1 } = values
  return {
    PUBLIC_URL: PORT === undefined ? undefined : `http://localhost:${PORT}`,
    RATE_LIMIT_USER_MAX: requests === undefined ? undefined : 10 * Number(requests),
    HASH_CONCURRENCY: Math.ceil(cores / Number(workers)),
  }
}

/** Adds what was not given and has no plain default, or says that it is required. */
function complete(values: Values, given: Given, derived: Values, profile: Profile) {
  return variables.flatMap(([name, { secret }]) => {
    if (name in values || given.has(name) || !mandatory.has(name)) return []
    if (name in derived) values[name] = derived[name]
    const file = secret ? `, as itself or as ${name}_FILE` : ''
    return name in derived ? [] : [`${name} is required in ${profile}${file}`]
  })
}

/**
 * Reads the whole configuration, or throws a `ConfigError` with everything that is wrong with it. It
 * depends on its arguments, and on the files that they name, alone; in development it may make
 * `.data/secrets.json` in the folder.
 */
export function loadConfig(
  env: Environment,
  { folder = process.cwd(), cores = availableParallelism() }: LoadOptions = {},
): Config {
  const problems: string[] = []
  const given = collectGiven(env, folder, problems)
  const profile = profileOf(given.get('NODE_ENV'))
  if (profile === 'development') addDevelopmentSecrets(given, folder, problems)

  const values = parse(given, profile, { folder, cores }, problems)
  problems.push(...complete(values, given, derive(values, cores), profile))
  Value.Assert(PartialSchema, values)
  for (const rule of [...rules, ...(profileRules[profile] ?? [])]) {
    problems.push(...rule(values, given))
  }

  if (problems.length > 0) throw new ConfigError(problems)
  Value.Assert(ConfigSchema, values)
  return values
}
