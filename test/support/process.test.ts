import t from 'tap'
import { spawnServer, startServer } from './process.js'

const entry = new URL('./fixtures/stand-in.ts', import.meta.url)

t.test('startServer', async (t) => {
  t.test('waits until the server listens, and ends it by signal', async (t) => {
    const server = await startServer(t, { entry, env: { COLOUR: 'blue' } })
    const reply = await fetch(new URL('/here', server.url))
    const seen = (await reply.json()) as NodeJS.ProcessEnv
    t.match(seen, { NODE_ENV: 'test', PORT: '0', COLOUR: 'blue' })
    t.notOk('npm_config_user_agent' in seen, 'nothing of our own environment reaches it')
    t.match(await server.logged('asked'), { url: '/here' })
    t.match(server.stdout, ['a banner'], 'lines that are not JSON are kept too')
    server.kill('SIGTERM')
    t.strictSame(await server.exited, { code: 0, signal: null })
    await t.rejects(server.logged('never'), /ended \(0\) before it logged/)
  })

  t.test('tells why the server did not start', async (t) => {
    await t.rejects(startServer(t, { entry, env: { FAULTY: '1' } }), /78.*PORT: not a number/s)
  })
})

t.test('spawnServer gives the exit code and the output of a start that fails', async (t) => {
  const server = spawnServer(t, { entry, env: { FAULTY: '1' } })
  t.strictSame(await server.exited, { code: 78, signal: null })
  t.equal(server.stderr, 'PORT: not a number\n')
})

t.test('a server that a test forgets is ended with it', async (t) => {
  let pid = 0
  await t.test('forgets', async (t) => {
    pid = (await startServer(t, { entry })).pid
    t.ok(pid)
  })
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})
