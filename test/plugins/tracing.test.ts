import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { build, password } from '../support/app.js'
import { listen } from '../support/raw-http.js'

const { cache } = createRequire(import.meta.url)
/** But for the interface: prom-client looks in it for traces to name. */
const loaded = () =>
  Object.keys(cache).filter((path) => /opentelemetry\/(?!api\/)|fastify\/otel/.test(path))

// First of all: what is loaded once stays so.
t.test('without an endpoint nothing of OpenTelemetry is loaded', async (t) => {
  const { signedUp } = await build(t)
  await signedUp('ada')
  t.strictSame(loaded(), [])
})

/** A collector that keeps what it is sent; the protocol's texts are readable in its bytes. */
const collector = async (t: Pick<Test, 'teardown'>, status = 200) => {
  const received: string[] = []
  const paths = new Set<string | undefined>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const isPacked = request.headers['content-encoding'] === 'gzip'
      received.push((isPacked ? gunzipSync(body) : body).toString('latin1'))
      paths.add(request.url)
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  return { endpoint: `http://127.0.0.1:${port}`, received, paths }
}

t.test('with an endpoint', async (t) => {
  const { endpoint, received, paths } = await collector(t)
  const { app, client, signedUp } = await build(t, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  const port = await listen(app)
  const canary = 'Kanarienvogel'
  const ada = await signedUp('ada')
  await ada.get(`/api/profile?token=${canary}`)
  await ada.delete(`/api/auth/sessions/${canary}`)
  await ada.get(`/${canary}?${canary}`)
  await client().post('/api/auth/login', { email: `${canary}@example.com`, password: canary })
  await client().get('/api/profile', { authorization: `Bearer ${canary}` })
  app.stores.accounts.findByEmail = async () => {
    throw new Error(`${canary} broke`)
  }
  await client().post('/api/auth/login', { email: 'ada@example.com', password })
  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await fetch(`http://127.0.0.1:${port}/health`, { headers: { traceparent: parent } })
  const cookies = Object.values(ada.cookies())
  await app.close()

  t.ok(loaded().length > 0)
  t.strictSame([...paths], ['/v1/traces'])
  const text = received.join('')
  t.test('requests and operations of the store are spans, by their patterns', async (t) => {
    for (const name of [
      'POST /api/auth/register',
      'GET /api/profile',
      'DELETE /api/auth/sessions/:sessionId',
      'GET unknown',
      'store accounts.create',
      'store sessions.start',
      'gatehouse',
      'embedded',
    ]) {
      t.ok(text.includes(name), name)
    }
  })
  t.test('a trace that began elsewhere goes on', async (t) => {
    t.ok(text.includes(Buffer.from('4bf92f3577b34da6a3ce929d0e0e4736', 'hex').toString('latin1')))
  })
  t.test('nothing secret or personal is in them', async (t) => {
    t.notMatch(text, canary)
    t.notMatch(text, /example\.com|127\.0\.0\.1/)
    for (const token of cookies) t.notOk(text.includes(token.slice(-20)))
    t.notOk(text.includes(ada.userId))
  })
})

t.test('a collector that is away or refuses keeps nobody', async (t) => {
  const { endpoint } = await collector(t, 500)
  for (const url of [endpoint, 'http://127.0.0.1:1/']) {
    const { app, signedUp } = await build(t, { OTEL_EXPORTER_OTLP_ENDPOINT: url })
    const ada = await signedUp('ada')
    t.equal((await ada.get('/api/profile')).statusCode, 200)
    const start = performance.now()
    await app.close()
    t.ok(performance.now() - start < 10_000)
  }
})
