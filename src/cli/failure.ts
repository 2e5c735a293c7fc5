import { configExit } from '../exit-codes.js'

/** Exit codes: those of sysexits.h where it has one. */
export const exitCodes = {
  failure: 1,
  usage: 64,
  data: 65,
  unavailable: 69,
  configuration: configExit,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A command that can't do what it was asked to; the message says in one line what to do about it. */
export class CommandFailure extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message)
    this.name = 'CommandFailure'
  }
}
