import t from 'tap'
import { testConfig } from '../support/app.js'
import { openCommands } from '../support/command.js'
import { failed } from './failed.js'

const cwd = t.testdir()
const run = openCommands(t, { cwd })

t.test('every command has help with an example', async (t) => {
  const commandsOf = (help: string): string[] =>
    [...help.matchAll(/^ {2}([a-z]+)(?= |$)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'help' && name !== 'gatehouse')
  const groups = commandsOf((await run('--help')).stdout)
  t.strictSame(groups, ['serve', 'user', 'sessions', 'import', 'export', 'keys', 'config'])
  const example = { code: 0, stdout: /^Examples?:\n(?: {2}\S.*\n)* {2}.*gatehouse /m }
  for (const group of groups) {
    const help = await run(group, '--help')
    t.equal(help.code, 0)
    if (group === 'serve') t.match(help, example)
    for (const name of commandsOf(help.stdout)) {
      if (group !== 'serve') t.match(await run(group, name, '--help'), example, `${group} ${name}`)
    }
  }
  t.match(await run(), { code: 64, stderr: /^Usage: gatehouse/ })
  failed(t, await run('user', 'creat'), 64, /unknown command 'creat'[\s\S]*--help/)
  t.match(await run('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
})

t.test('keys generate', async (t) => {
  const secrets = await run('keys', 'generate')
  t.match(secrets.stdout, /^JWT_SECRET=[\w-]{86}\nJWT_REFRESH_SECRET=[\w-]{86}\n$/)
  for (const algorithm of ['EdDSA', 'ES256', 'RS256']) {
    const { stdout } = await run('keys', 'generate', algorithm, '--json')
    const pair = JSON.parse(stdout)
    t.match(pair, { JWT_ALGORITHM: algorithm, keyId: /^[\w-]{43}$/ })
    t.equal(testConfig(cwd, pair).JWT_ALGORITHM, algorithm, 'and the server would take it')
  }
  const lines = await run('keys', 'generate', 'EdDSA')
  t.match(
    lines.stdout,
    /^# EdDSA, key id [\w-]{43}\nJWT_ALGORITHM=EdDSA\nJWT_PRIVATE_KEY=-----BEGIN/,
  )
  failed(t, await run('keys', 'generate', 'HS256'), 64, /Allowed choices are EdDSA, ES256, RS256/)
})

t.test('config check', async (t) => {
  t.test('shows what the server would run with, and no secret', async (t) => {
    const check = openCommands(t, {
      cwd,
      env: { REDIS_URL: 'redis://user:hidden@redis.internal:6379', PORT: '5001' },
    })
    const { code, stdout } = await check('config', 'check', '--json')
    t.equal(code, 0)
    t.match(JSON.parse(stdout), {
      ok: true,
      problems: [],
      weak: [/^REDIS_URL is without TLS/],
      values: {
        PORT: { value: 5001, source: 'set' },
        REDIS_URL: { value: '********', source: 'set' },
        JWT_SECRET: { value: '********' },
        SESSIONS_PER_USER: { value: 10, source: 'default' },
      },
    })
    const text = await check('config', 'check')
    t.match(text.stdout, /^VARIABLE +FROM +VALUE\n(?:.*\n)*PORT +set +5001\n/)
    t.match(text.stdout, /^JWT_EXPIRES_IN +default +15m$/m, 'as it would be set')
    t.match(text.stderr, /^weak: REDIS_URL is without TLS.*\nIt would start$/m)
    t.notMatch(stdout + text.stdout + text.stderr, 'hidden')
  })

  t.test('says everything that is wrong, and exits 78', async (t) => {
    const check = openCommands(t, { cwd, env: { PORT: 'x', REDIS_URL: 'hidden' } })
    const wrong = await check('config', 'check')
    failed(t, wrong, 78, /^wrong: PORT must be .*\nwrong: REDIS_URL must be/)
    const { code, stdout } = await check('config', 'check', '--json')
    t.equal(code, 78)
    t.match(JSON.parse(stdout), { ok: false, problems: [/^PORT/, /^REDIS_URL/], values: {} })
    t.notMatch(wrong.stderr + stdout, 'hidden')
  })
})
