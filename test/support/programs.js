import { execFileSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The oldest Redis that the server supports. */
const redisMinimum = [6, 2]

/** @param {string} file */
const executable = (file) => {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** @param {string[]} names */
const inPath = (names) => {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return names.flatMap((name) => folders.map((folder) => join(folder, name + suffix)))
}

/**
 * Whether it runs and is new enough: `Redis server v=7.0.15 …`, `Valkey server v=8.1.0 …`.
 * @param {string} file
 */
const recentRedis = (file) => {
  try {
    const version = /\bv=(\d+)\.(\d+)/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))
    const [major = 0, minor = 0] = (version?.slice(1) ?? []).map(Number)
    const [leastMajor = 0, leastMinor = 0] = redisMinimum
    return major > leastMajor || (major === leastMajor && minor >= leastMinor)
  } catch {
    return false
  }
}

/**
 * The Redis (or Valkey) server that tests start: `REDIS_SERVER_PATH`, else the first in PATH.
 * @returns {string | undefined} undefined where there is none that is new enough
 */
export const findRedisServer = () => {
  const chosen = process.env.REDIS_SERVER_PATH
  const candidates = chosen ? [chosen] : inPath(['redis-server', 'valkey-server'])
  return candidates.find((file) => executable(file) && recentRedis(file))
}

/**
 * The browser that tests drive: `CHROMIUM_PATH`, else the first in PATH, else where the installers of
 * macOS and Windows put it.
 * @returns {string | undefined}
 */
export const findChromium = () => {
  const chosen = process.env.CHROMIUM_PATH
  if (chosen) return executable(chosen) ? chosen : undefined
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
  const programFiles = [
    process.env.PROGRAMFILES,
    process.env['PROGRAMFILES(X86)'],
    process.env.LOCALAPPDATA,
  ].filter((folder) => folder !== undefined)
  return [
    ...inPath(names),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ...programFiles.map((folder) => join(folder, 'Google/Chrome/Application/chrome.exe')),
  ].find(executable)
}

/**
 * The balancer that tests put in front of instances: `HAPROXY_PATH`, else the first in PATH, or where Debian
 * puts it for root alone.
 * @returns {string | undefined}
 */
export const findHaproxy = () => {
  const chosen = process.env.HAPROXY_PATH
  if (chosen) return executable(chosen) ? chosen : undefined
  return [...inPath(['haproxy']), '/usr/sbin/haproxy'].find(executable)
}
