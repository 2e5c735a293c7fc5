import { readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'

/** A file that lines are written to in the background. */
export interface LogFile {
  /** Never throws and never waits. */
  write: (line: string) => void
  /** Resolves when what was written is in the file. */
  close: () => Promise<void>
}

/** What a log file does otherwise than at 20 MB and 14 days. */
export interface LogFileOptions {
  /** Bytes at which it is rotated. */
  size?: number
  /** How long rotated files are kept, in milliseconds. */
  keptMs?: number
  /** How long a file that failed (a full disk) is left alone, in milliseconds. */
  retryAfter?: number
  /** Told each failure, before the file is tried again. */
  onFailure?: (error: Error) => void
}

/** As many bytes as wait for a slow disk; further lines are left to standard output. */
const waitingMax = 8 * 1024 * 1024

/** Rotated files bear the time behind the name, as in `server.log.20261122T101500.1`. */
const rotatedName = (name: string) => (time: number | Date | null, index?: number) => {
  if (time === null) return name
  const stamp = new Date(time).toISOString().replaceAll(/[-:]|\..*$/g, '')
  return `${name}.${stamp}.${index ?? 1}`
}

/** Removes rotated files that are older than the time for which logs are kept. */
const removeOld = (folder: string, name: string, keptMs: number): void => {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry)
    const isRotated =
      entry.startsWith(`${name}.`) && /^\d{8}T\d{6}\.\d+$/.test(entry.slice(name.length + 1))
    if (isRotated && Date.now() - statSync(path).mtimeMs > keptMs) rmSync(path, { force: true })
  }
}

const opened = new Set<LogFile>()

/** Closes all log files of this process, so that its last lines are in them when it ends. */
export const closeLogFiles = async (): Promise<void> => {
  await Promise.all([...opened].map((file) => file.close()))
}

/**
 * A log file that is rotated daily and at 20 MB, and whose rotated files are kept for 14 days. A disk that
 * is full or slow does not take the service down, nor fill its memory: lines are lost here, and standard
 * output has every one as well; the file is tried again.
 */
export const openLogFile = (path: string, options: LogFileOptions = {}): LogFile => {
  const { size = 20 * 1024 * 1024, keptMs = 14 * 24 * 60 * 60_000, retryAfter = 5_000 } = options
  const folder = dirname(path)
  const name = basename(path)
  const tidy = () => {
    try {
      removeOld(folder, name, keptMs)
    } catch {
      // Tried again at the next rotation; a log that can't be tidied is still a log.
    }
  }

  const open = (): RotatingFileStream => {
    const created = createStream(rotatedName(name), {
      path: folder,
      size: `${size}B`,
      interval: '1d',
      mode: 0o600,
    })
    created.on('open', tidy)
    created.on('rotated', tidy)
    created.on('error', (error) => {
      failedAt = performance.now()
      options.onFailure?.(error)
    })
    return created
  }

  /** When it last failed; 0 while it is well. A stream that failed is of no more use. */
  let failedAt = 0
  let stream = open()

  const file: LogFile = {
    write: (line) => {
      if (failedAt > 0) {
        if (performance.now() - failedAt < retryAfter) return
        failedAt = 0
        stream = open()
      }
      if (stream.writableLength < waitingMax) stream.write(line)
    },
    close: () =>
      new Promise((resolve) => {
        opened.delete(file)
        if (stream.destroyed) return resolve()
        stream.once('close', resolve)
        stream.end()
      }),
  }
  opened.add(file)
  return file
}
