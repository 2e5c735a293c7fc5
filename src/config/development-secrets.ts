import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ConfigError, errorCode } from './config-error.js'

const Secrets = Type.Object({
  JWT_SECRET: Type.String({ minLength: 32 }),
  JWT_REFRESH_SECRET: Type.String({ minLength: 32 }),
})

export type DevelopmentSecrets = Static<typeof Secrets>

/** 64 bytes are enough for each HS algorithm. */
const randomSecret = () => randomBytes(64).toString('base64url')

/** The file's text, or undefined where there is none yet. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Puts the file there whole, unless another process was first: a link, unlike a rename, never replaces,
 * and the name appears only once the text behind it is on the disk.
 */
function create(file: string, text: string): void {
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeFileSync(handle, text)
    fsyncSync(handle)
    linkSync(draft, file)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    closeSync(handle)
    rmSync(draft)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The signing secrets of a development server, made at its first start and kept in `.data/secrets.json`,
 * so that sessions outlive a restart. Processes that start at the same moment end with the same ones.
 */
export function developmentSecrets(folder: string): DevelopmentSecrets {
  const file = join(folder, '.data', 'secrets.json')
  const fail = (what: string) =>
    new ConfigError([
      `JWT_SECRET and JWT_REFRESH_SECRET are not both set, and ${file}, which holds those for development, ${what}`,
    ])
  let text: string | undefined
  try {
    text = read(file)
    if (text === undefined) {
      mkdirSync(join(folder, '.data'), { recursive: true, mode: 0o700 })
      const made = { JWT_SECRET: randomSecret(), JWT_REFRESH_SECRET: randomSecret() }
      create(file, `${JSON.stringify(made, null, 2)}\n`)
      // Read back even by its maker: another process may have been first.
      text = readFileSync(file, 'utf8')
    }
  } catch (error) {
    throw fail(`can't be read or made (${errorCode(error)})`)
  }
  const secrets = parse(text)
  if (!Value.Check(Secrets, secrets)) throw fail('is damaged; delete it to get new ones')
  return secrets
}
