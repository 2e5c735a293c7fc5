import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { pages } from '../../examples/spa/pages.js'
import { endWithUs } from '../support/end-with-us.js'
import { listen } from './deployment.js'

const program = fileURLToPath(new URL('../../examples/spa/serve.js', import.meta.url))
const apiUrl = 'https://auth.example.com'

/** Starts the example's server, which says where it is or why it is not. */
const start = async (env: Record<string, string>) => {
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  if (child.pid !== undefined) child.once('exit', endWithUs(child.pid))
  const [first] = await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')])
  return { child, exited, says: String(first) }
}

t.test('the example’s server', async (t) => {
  t.test('says where the page is and what has to run beside it', async (t) => {
    const { child, exited, says } = await start({ SPA_PORT: '0', GATEHOUSE_URL: `${apiUrl}/` })
    t.teardown(async () => {
      child.kill()
      await exited
    })
    const [url = ''] = /http:\/\/localhost:\d+/.exec(says) ?? []
    t.match(says, `Gatehouse at ${apiUrl}: \`npm start\``)
    t.match(says, `CLIENT_URLS must name ${url}`)
    t.match(await (await fetch(url)).text(), '<title>Gatehouse example</title>')
    t.equal(
      await (await fetch(`${url}/config.js`)).text(),
      `export const apiUrl = "${apiUrl}"\n`,
      'the page learns where the API is',
    )
  })

  const faulty = [
    [{ SPA_PORT: 'http' }, 'SPA_PORT is not a port'],
    [{ SPA_PORT: '70000' }, 'SPA_PORT is not a port'],
    [{ GATEHOUSE_URL: 'localhost:5000' }, 'GATEHOUSE_URL is not an origin'],
    [{ GATEHOUSE_URL: 'nowhere' }, 'GATEHOUSE_URL is not an origin'],
    [{ GATEHOUSE_URL: `${apiUrl}/path` }, 'GATEHOUSE_URL is not an origin'],
  ] as const
  for (const [env, problem] of faulty) {
    t.test(`refuses ${JSON.stringify(env)} in one line`, async (t) => {
      const { exited, says } = await start(env)
      t.match(says, problem)
      t.equal(says.trim().split('\n').length, 1)
      t.strictSame(await exited, [1, null])
    })
  }

  t.test('says so where the port is taken', async (t) => {
    const taken = new URL(await listen(t, 'localhost', (_, response) => response.end())).port
    const { exited, says } = await start({ SPA_PORT: taken })
    t.match(says, `Port ${taken} is in use: set SPA_PORT to another`)
    t.strictSame(await exited, [1, null])
  })
})

t.test('the example’s pages', async (t) => {
  const url = await listen(t, 'localhost', pages(apiUrl))

  t.test('may load only themselves, and ask only the API', async (t) => {
    const { status, headers } = await fetch(`${url}/?from=mail`)
    t.equal(status, 200)
    const policy = headers.get('Content-Security-Policy')?.split('; ') ?? []
    for (const rule of ["default-src 'none'", "script-src 'self'", `connect-src ${apiUrl}`]) {
      t.ok(policy.includes(rule), rule)
    }
    t.match(Object.fromEntries(headers), {
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    })
  })

  t.test('are read only', async (t) => {
    const posted = await fetch(url, { method: 'POST', body: 'email=…' })
    t.equal(posted.status, 405)
    t.equal(posted.headers.get('Allow'), 'GET, HEAD')
    const head = await fetch(`${url}/app.js`, { method: 'HEAD' })
    t.equal(head.headers.get('Content-Type'), 'text/javascript; charset=utf-8')
  })

  t.test('are all there is', async (t) => {
    for (const path of ['/serve.js', '/pages.js', '/..%2f..%2fpackage.json', '//app.js', '/%00']) {
      t.equal((await fetch(url + path)).status, 404, path)
    }
  })
})
