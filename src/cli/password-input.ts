import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CommandFailure, exitCodes } from './failure.js'

/** No input of a password is longer; more is a mistake, such as the wrong file. */
const inputMax = 4_096

/** Without those that are taken for each other. */
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
const groups = 5
const groupLength = 5

/** A new password of 145 random bits that satisfies every rule, to be read aloud and typed. */
export const randomPassword = (): string => {
  for (;;) {
    const group = () =>
      Array.from({ length: groupLength }, () => letters[randomInt(letters.length)]).join('')
    const password = Array.from({ length: groups }, group).join('-')
    if (/\p{Ll}/u.test(password) && /\p{Lu}/u.test(password) && /\d/.test(password)) return password
  }
}

const withoutLineEnd = (input: string): string => {
  const password = input.replace(/\r?\n$/, '')
  if (password.length > inputMax || /[\r\n]/.test(password)) {
    throw new CommandFailure(exitCodes.data, 'The password must be one line of text')
  }
  return password
}

const fromFile = (file: string): string => {
  try {
    return withoutLineEnd(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(exitCodes.data, `The file of --password-file can't be read`)
  }
}

/** Asks at the terminal, without showing what is typed. */
const ask = (question: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const reader = createInterface({ input: process.stdin, output: silent, terminal: true })
    process.stderr.write(question)
    let answer: string | undefined
    reader.once('line', (line) => {
      answer = line
      reader.close()
    })
    reader.once('close', () => {
      process.stderr.write('\n')
      if (answer === undefined) reject(new CommandFailure(exitCodes.usage, 'No password was given'))
      else resolve(answer)
    })
  })

const fromTerminal = async (): Promise<string> => {
  const password = await ask('Password: ')
  if ((await ask('Once more: ')) === password) return password
  throw new CommandFailure(exitCodes.data, 'The two passwords differ')
}

/** A password from the file, from the terminal, or else the one line of the standard input. */
export const readPassword = async (file: string | undefined): Promise<string> => {
  if (file !== undefined) return fromFile(file)
  if (process.stdin.isTTY) return fromTerminal()
  return withoutLineEnd(await text(process.stdin))
}

/** Asks for a word before what can't be undone; where nobody can be asked, `--yes` has to say so. */
export const confirm = async (what: string, yes: boolean | undefined): Promise<void> => {
  if (yes) return
  if (!process.stdin.isTTY) {
    throw new CommandFailure(exitCodes.usage, `${what}: add --yes if that is what you want`)
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await new Promise<string>((resolve) => {
    reader.question(`${what}. Type yes to go on: `, resolve)
    reader.once('close', () => resolve(''))
  })
  reader.close()
  if (answer.trim() !== 'yes') throw new CommandFailure(exitCodes.failure, 'Nothing was done')
}
