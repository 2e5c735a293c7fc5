/**
 * Runs before `npm test`: sees that the programs the tests start are here, installs them where that
 * can be done (Debian and its kin, as root), and else stops with one line that says what to install.
 * A missing program must never turn into tests that are silently skipped.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findChromium, findHaproxy, findRedisServer } from './programs.js'

const needed = [
  {
    find: findRedisServer,
    apt: 'redis-server',
    hint: 'redis-server 6.2 or newer (Debian: apt-get install redis-server, macOS: brew install redis, elsewhere: set REDIS_SERVER_PATH)',
  },
  {
    find: findChromium,
    apt: 'chromium',
    hint: 'Chromium or Chrome (Debian: apt-get install chromium, macOS: brew install --cask chromium, elsewhere: set CHROMIUM_PATH)',
  },
  {
    find: findHaproxy,
    apt: 'haproxy',
    hint: 'HAProxy 2.6 or newer (Debian: apt-get install haproxy, macOS: brew install haproxy, elsewhere: set HAPROXY_PATH)',
  },
]
const missing = () => needed.filter(({ find }) => find() === undefined)

/** @param {string[]} packages */
const install = (packages) => {
  const aptGet = (/** @type {string[]} */ ...args) =>
    spawnSync('apt-get', args, {
      // Its progress goes to standard error: this program's own output stays empty.
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  console.error(`Installing what the tests need: ${packages.join(', ')}`)
  // An outdated list of packages fails the next command by itself, so this one's result is not looked at.
  aptGet('update', '-q')
  aptGet('install', '-q', '-y', '--no-install-recommends', ...packages)
}

let absent = missing()
const canInstall = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0
if (absent.length > 0 && canInstall) {
  install(absent.map(({ apt }) => apt))
  absent = missing()
}
if (absent.length > 0) {
  console.error(`Before npm test, install ${absent.map(({ hint }) => hint).join(' and ')}`)
  process.exitCode = 1
}
