import { readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'

const keptMs = 14 * 24 * 60 * 60_000

/** Rotated files bear the time behind the name, as in `server.log.20261122T101500.1`. */
const rotatedName = (name: string) => (time: number | Date | null, index?: number) => {
  if (time === null) return name
  const stamp = new Date(time).toISOString().replaceAll(/[-:]|\..*$/g, '')
  return `${name}.${stamp}.${index ?? 1}`
}

/** Removes rotated files that are older than the time for which logs are kept. */
const removeOld = (folder: string, name: string): void => {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry)
    const isRotated = entry.startsWith(`${name}.`) && /\.\d{8}T\d{6}\.\d+$/.test(entry)
    if (isRotated && Date.now() - statSync(path).mtimeMs > keptMs) rmSync(path, { force: true })
  }
}

/** A log file that is rotated daily and at 20 MB, and whose rotated files are kept for 14 days. */
export const openLogFile = (path: string): RotatingFileStream => {
  const folder = dirname(path)
  const name = basename(path)
  const stream = createStream(rotatedName(name), {
    path: folder,
    size: '20M',
    interval: '1d',
    mode: 0o600,
  })
  const tidy = () => {
    try {
      removeOld(folder, name)
    } catch {
      // Tried again at the next rotation; a log that can't be tidied is still a log.
    }
  }
  stream.on('open', tidy)
  stream.on('rotated', tidy)
  // A full disk must not take the service down: standard output has every line as well.
  stream.on('error', () => {})
  return stream
}
