import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import { build } from '../support/app.js'
import { command } from '../support/command.js'
import { startRedis } from '../support/redis.js'
import { failed } from './failed.js'

const cwd = t.testdir()
const env = { EMBEDDED_STORE_PATH: join(cwd, 'store') }

t.test('the password is read from the standard input', async (t) => {
  const input = 'Velvet-Hammer-77\n'
  const made = await command(['user', 'create', 'ada@example.com'], { cwd, env, input })
  t.match(made, { code: 0, stdout: /^email {9}ada@example.com$/m, stderr: '' })
  t.notMatch(made.stdout, 'Velvet')
  const none = await command(['user', 'create', 'eve@example.com'], { cwd, env })
  failed(t, none, 65, /^password: /)
})

t.test('a wrong configuration is told, and exits 78', async (t) => {
  const wrong = await command(['user', 'list'], { cwd, env: { ...env, PORT: 'x' } })
  failed(t, wrong, 78, /^PORT must be/)
})

t.test('a store that is away is waited for, and exits 69', async (t) => {
  const redis = await startRedis(t)
  await redis.stop()
  const away = await command(['user', 'list'], { cwd, env: { REDIS_URL: redis.url } })
  failed(t, away, 69, /^The store does not answer: check REDIS_URL/)
})

t.test('a store of a later release is not touched, and exits 78', async (t) => {
  const redis = await startRedis(t)
  const later = JSON.stringify({ version: 99, worksFrom: 99 })
  await redis.command('SET', createKeys('gh:').format, later)
  const refused = await command(['user', 'list'], { cwd, env: { REDIS_URL: redis.url } })
  failed(t, refused, 78, /^The store has format 99/)
})

t.test('an embedded store that a server has open is left alone, and exits 69', async (t) => {
  await build(t, env)
  const locked = await command(['user', 'list'], { cwd, env })
  failed(t, locked, 69, /^Another process has the embedded store .* open/)
})

t.test('without a build it says so', async (t) => {
  const name = 'bin/gatehouse.js'
  const program = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
  const folder = t.testdir({ bin: { 'gatehouse.js': program } })
  const { status, stderr } = spawnSync(process.execPath, [join(folder, name)], { encoding: 'utf8' })
  t.match({ status, stderr }, { status: 1, stderr: /^There is no build yet: run npm run build$/m })
})

t.test('serve starts the server', async (t) => {
  const redis = await startRedis(t)
  const locked = await command(['serve'], {
    cwd,
    env: { ...env, PORT: String(redis.port), HOST: '127.0.0.1' },
  })
  t.match(locked, { code: 1, stderr: /The port is in use/ })
})
