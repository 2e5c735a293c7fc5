import { resolve } from 'node:path'
import { formatDuration, parseDuration } from './duration.js'
import { redisEndpoints } from './redis-url.js'
import { readPrivateKey, readPublicKey } from './signing-keys.js'

const list = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

/** Platforms whose variables are single lines hold a PEM with `\n` written out. */
const lines = (text: string): string => text.replaceAll('\\n', '\n').trim()

const integer = (text: string): number | undefined =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined

const decimal = (text: string): number | undefined =>
  /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined

const flags = new Map([
  ['true', true],
  ['false', false],
])

/** `3:5m,5:15m`: the failures rise, so that the tier of the highest count reached is the last one. */
function tiers(text: string) {
  const pairs = list(text).map((pair) => {
    const [failures = '', lock = '', ...rest] = pair.split(':')
    const lockMs = rest.length === 0 ? parseDuration(lock) : undefined
    return { failures: integer(failures), lockMs }
  })
  const rising = pairs.every(
    ({ failures = 0 }, index) => failures > (pairs[index - 1]?.failures ?? 0),
  )
  return rising ? pairs : undefined
}

/** Several PEM texts, one after the other or with commas between. */
function publicKeys(text: string): string[] | undefined {
  const keys = lines(text)
    .split(/(?<=-----END [A-Z ]+-----)[\s,]*/)
    .filter((entry) => entry !== '')
  return keys.every((key) => readPublicKey(key)) ? keys : undefined
}

/**
 * How the text of each kind of variable becomes its value; undefined where the text is not of the kind.
 * Bounds are the schema's matter.
 */
export const readers = {
  text: (text) => text,
  path: (text, folder) => resolve(folder, text),
  integer,
  /** A threshold; 0 and `off` are the same. */
  limit: (text) => (text === 'off' ? 0 : decimal(text)),
  flag: (text) => flags.get(text.toLowerCase()),
  duration: parseDuration,
  list,
  choices: (text) => (text.toLowerCase() === 'none' ? [] : list(text)),
  proxies: (text) => (text.toLowerCase() === 'false' ? false : list(text)),
  tiers,
  /** Without the slashes at its end, so that a path can be put behind it. */
  url: (text) => (URL.canParse(text) ? text.replace(/\/+$/, '') : undefined),
  redis: (text) => (redisEndpoints(text) ? text : undefined),
  privateKey: (text) => (readPrivateKey(lines(text)) ? lines(text) : undefined),
  publicKeys,
} satisfies Record<string, (text: string, folder: string) => unknown>

/** The kinds of variables, by how their texts are read. */
export type Kind = keyof typeof readers

/** A value as an operator would set it: the reader of its kind reads the text back as the same value. */
export const textOf = (kind: Kind, value: unknown): string => {
  if (kind === 'duration') return formatDuration(Number(value))
  if (kind === 'limit' && value === 0) return 'off'
  if (!Array.isArray(value)) return String(value)
  if (kind !== 'tiers') return value.join() || 'none'
  return value.map(({ failures, lockMs }) => `${failures}:${formatDuration(Number(lockMs))}`).join()
}
