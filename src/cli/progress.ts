import { note } from './output.js'

/** How often progress is told, in milliseconds: to a person, and to a log. */
const toPerson = 500
const toLog = 5_000

export interface ProgressCounts {
  /** How many are done. */
  done: number
  /** How much of the whole that is, from 0 to 1; undefined where the whole is not known. */
  share: number | undefined
  /** Since the beginning. */
  seconds: number
}

const clock = (seconds: number): string => {
  const rest = Math.ceil(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${Math.floor(rest / 3600)}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`
}

/** Progress in a line: count, rate, and the time that is left where the whole is known. */
export const progressLine = (what: string, { done, share, seconds }: ProgressCounts): string => {
  const rate = Math.round(done / Math.max(seconds, 0.001))
  const line = `${done} ${what}, ${rate} a second`
  if (share === undefined || share <= 0) return line
  return `${line}, ${Math.floor(share * 100)} %, ${clock((seconds * (1 - share)) / share)} left`
}

/** Tells on the standard error how far a long command is, until the answer is called. */
export const startProgress = (
  what: string,
  read: () => Pick<ProgressCounts, 'done' | 'share'>,
): (() => number) => {
  const began = performance.now()
  const isTerminal = process.stderr.isTTY === true
  const seconds = () => (performance.now() - began) / 1000
  const tell = () => {
    const line = progressLine(what, { ...read(), seconds: seconds() })
    if (isTerminal) process.stderr.write(`\r\u001b[K${line}`)
    else note(line)
  }
  const timer = setInterval(tell, isTerminal ? toPerson : toLog)
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stderr.write('\r\u001b[K')
    return seconds()
  }
}
