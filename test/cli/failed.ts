import type { Test } from 'tap'
import type { Said } from '../support/command.js'

/** Asserts that a command failed with this code, in these words, and showed nothing of its inside. */
export const failed = (t: Test, said: Said, code: number, words: RegExp): void => {
  t.equal(said.code, code, said.stderr)
  t.match(said.stderr, words)
  t.notMatch(said.stderr, /\n\s+at |\.[jt]s:\d/, 'no stack')
  t.equal(said.stdout, '')
}
