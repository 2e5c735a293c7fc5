import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { type Command, InvalidArgumentError } from 'commander'
import { createImportAccount, type Imported } from '../accounts/import-account.js'
import { readImportLine } from '../accounts/import-line.js'
import { StoreUnavailable } from '../errors.js'
import { CommandFailure, exitCodes } from './failure.js'
import { type Line, readLines } from './lines.js'
import { note, print } from './output.js'
import { startProgress } from './progress.js'
import { type Desk, withStores } from './with-stores.js'

/** Accounts on their way at once: enough to fill the connection, few enough that none waits long. */
const atOnce = 128

interface ImportOptions {
  dryRun?: true
  fromLine: number
  json?: true
}

/** What an import has done so far. */
const createTally = () => {
  const under = new Set<number>()
  const counts = { created: 0, kept: 0, refused: 0 }
  let last = 0
  return {
    counts,
    done: () => counts.created + counts.kept + counts.refused,
    begin: (number: number): void => {
      under.add(number)
      last = Math.max(last, number)
    },
    end: (number: number, result: Imported): void => {
      under.delete(number)
      if (typeof result === 'string') {
        counts[result] += 1
        return
      }
      counts.refused += 1
      for (const { field, message } of result.errors) note(`line ${number}: ${field}: ${message}`)
    },
    /** The first line that is not known to be done. */
    next: (): number => Math.min(last + 1, ...under),
  }
}

const openFile = (file: string): { chunks: Readable; size: number | undefined } => {
  if (file === '-') return { chunks: process.stdin, size: undefined }
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) throw new Error('a folder')
    return { chunks: createReadStream(file), size: stats.isFile() ? stats.size : undefined }
  } catch {
    throw new CommandFailure(exitCodes.data, `There is no file ${JSON.stringify(file)} to be read`)
  }
}

/** Imports all lines, many at once, and goes on past those that are refused. */
const importLines = async (desk: Desk, file: string, options: ImportOptions) => {
  const { config, stores, emit, origin } = desk
  const { chunks, size } = openFile(file)
  const dryRun = options.dryRun === true
  const importAccount = createImportAccount(stores.accounts, { dryRun })
  const hasPepper = config.PASSWORD_PEPPER !== undefined
  const tally = createTally()
  let bytes = 0
  let stopping = false

  const importLine = async ({ text }: Line): Promise<Imported> => {
    if (text === undefined) {
      return { errors: [{ field: 'line', message: 'is too long, or not UTF-8' }] }
    }
    const read = readImportLine(text, hasPepper)
    if ('errors' in read) return read
    const result = await importAccount(read.account)
    // Others are too many for the list of events, and would push out what is in it.
    if (result === 'created' && !dryRun && read.account.role === 'admin') {
      emit('user.registered', origin, { userId: read.account.userId, reason: 'import' })
    }
    return result
  }

  const lines = readLines(chunks)
  const work = async (): Promise<void> => {
    for await (const line of lines) {
      bytes = Math.max(bytes, line.end)
      if (stopping) return
      if (line.number < options.fromLine || line.text === '') continue
      tally.begin(line.number)
      tally.end(line.number, await importLine(line))
    }
  }

  const stop = () => {
    stopping = true
    // What it waits for may be long in coming.
    chunks.destroy()
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const finish = startProgress('accounts', () => ({
    done: tally.done(),
    share: size === undefined ? undefined : bytes / Math.max(size, 1),
  }))
  const outcomes = await Promise.allSettled(Array.from({ length: atOnce }, work))
  const seconds = finish()
  process.off('SIGINT', stop).off('SIGTERM', stop)

  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined && !stopping) return { ...tally.counts, seconds }
  if (!stopping && !(failed?.reason instanceof StoreUnavailable)) {
    throw new CommandFailure(exitCodes.data, `The file can't be read past line ${tally.next()}`)
  }
  const why = stopping ? 'Stopped' : 'The store does not answer; stopped'
  const hint = `the same command goes on, and --from-line ${tally.next()} spares it what is done`
  throw new CommandFailure(exitCodes.unavailable, `${why} before line ${tally.next()}: ${hint}`)
}

const importUsers = (file: string, options: ImportOptions): Promise<void> =>
  withStores(async (desk) => {
    const { created, kept, refused, seconds } = await importLines(desk, file, options)
    const rate = Math.round((created + kept + refused) / Math.max(seconds, 0.001))
    const verb = options.dryRun ? 'would be created' : 'created'
    const text = `${created} ${verb}, ${kept} kept, ${refused} refused, in ${seconds.toFixed(1)} s (${rate} a second)`
    print(options.json ? JSON.stringify({ created, kept, refused, seconds }) : text)
    if (refused > 0) {
      const message = `${refused} lines were refused: mend them and import the file again`
      throw new CommandFailure(exitCodes.data, message)
    }
  })

const lineNumber = (text: string): number => {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number from 1 on.')
}

/** Adds `import users`. */
export const addImportCommand = (program: Command): void => {
  program
    .command('import')
    .description('take accounts over from another system')
    .command('users')
    .description('import accounts, one JSON object a line; what is there already is kept as it is')
    .argument('<file>', 'the file, or - for the standard input')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--from-line <number>', 'skip the lines before', lineNumber, 1)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Progress and refused lines are told on the standard error. The form of a line, and how to get it from
other systems: docs/import.md

Examples:
  gatehouse import users accounts.ndjson
  gunzip -c accounts.ndjson.gz | gatehouse import users --dry-run -`,
    )
    .action(importUsers)
}
