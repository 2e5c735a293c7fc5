import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError, errorCode } from './config-error.js'
import { developmentSecrets } from './development-secrets.js'
import { variables } from './schema.js'

/** Environment variables by name; an empty one counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What was set: a variable's text, or undefined where it was set in a way that is a problem already. */
export type Given = Map<string, string | undefined>

/** The text behind NAME_FILE. Its path is never shown: some will put the secret itself there. */
function readSecretFile(name: string, path: string, problems: string[]): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').replace(/[\r\n]+$/, '')
    if (text !== '') return text
    problems.push(`${name}_FILE names an empty file`)
  } catch (error) {
    problems.push(`${name}_FILE names a file that can't be read (${errorCode(error)})`)
  }
  return undefined
}

/** Picks the known variables out of the environment, secrets from their files too. */
export function collectGiven(env: Environment, folder: string, problems: string[]): Given {
  const given: Given = new Map()
  for (const [name, { secret }] of variables) {
    const text = env[name] || undefined
    const file = (secret && env[`${name}_FILE`]) || undefined
    if (text !== undefined && file !== undefined) {
      problems.push(`${name} and ${name}_FILE are both set; keep one`)
      given.set(name, undefined)
    } else if (file !== undefined) {
      given.set(name, readSecretFile(name, resolve(folder, file), problems))
    } else if (text !== undefined) {
      given.set(name, text)
    }
  }
  return given
}

/** Fills in the signing secrets that a development server was not given. */
export function addDevelopmentSecrets(given: Given, folder: string, problems: string[]): void {
  const missing = (['JWT_SECRET', 'JWT_REFRESH_SECRET'] as const).filter((name) => !given.has(name))
  if (missing.length === 0) return
  try {
    const secrets = developmentSecrets(folder)
    for (const name of missing) given.set(name, secrets[name])
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    for (const name of missing) given.set(name, undefined)
  }
}
