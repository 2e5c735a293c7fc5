import t, { type Test } from 'tap'
import { build, eventually } from '../support/app.js'
import { listen, openConnection, type RawAnswer, type RawConnection } from '../support/raw-http.js'

/** Asserts that it is the envelope of a failure, with the headers that every answer has. */
const refused = (t: Test, answer: RawAnswer | undefined, status: number, code: string): void => {
  t.equal(answer?.status, status, `${status} ${code}, not ${answer?.body}`)
  const body = JSON.parse(answer?.body ?? '{}')
  t.match(body, { success: false, code, message: /^[A-Z]/ })
  t.equal(answer?.headers['x-request-id'], body.requestId)
  t.match(answer?.headers, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': /default-src 'none'/,
  })
}

/** Asserts that the server has nothing more to say, and closes. */
const closes = async (t: Test, connection: RawConnection): Promise<void> => {
  t.strictSame(await connection.closed(), [], 'closed')
}

const live = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n'

t.test('on a socket', async (t) => {
  const { app } = await build(t)
  const port = await listen(app)
  const open = async (t: Test): Promise<RawConnection> => {
    const connection = await openConnection(port)
    t.teardown(() => connection.socket.destroy())
    return connection
  }

  t.test('what is not HTTP is refused in the envelope, and the connection closed', async (t) => {
    for (const bytes of [
      'hello\r\n\r\n',
      'GET /health/live\r\n\r\n',
      'GET /health/live HTTP/9.9\r\n\r\n',
      'get /health/live HTTP/1.1\r\nHost: a\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      `${live}Bad Header: 1\r\n\r\n`,
      `${live}X: a\x00b\r\n\r\n`,
      `${live}Content-Length: -1\r\n\r\n`,
      `${live}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      `${live}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ]) {
      const connection = await open(t)
      connection.send(bytes)
      const answer = await connection.answer()
      refused(t, answer, 400, 'VALIDATION_FAILED')
      t.equal(answer?.headers.connection, 'close')
      await closes(t, connection)
    }
  })

  t.test('headers past 16 KB are too large', async (t) => {
    const connection = await open(t)
    connection.send(`${live}Cookie: a=${'x'.repeat(17_000)}\r\n\r\n`)
    refused(t, await connection.answer(), 413, 'PAYLOAD_TOO_LARGE')
    await closes(t, connection)
  })

  t.test('nothing is said after an answer that could be taken for another one', async (t) => {
    const connection = await open(t)
    connection.send(`${live}\r\n`)
    t.equal((await connection.answer())?.status, 200)
    connection.send('nonsense\r\n\r\n')
    await closes(t, connection)
  })

  t.test('a body that breaks after its request was answered gets no second answer', async (t) => {
    const connection = await open(t)
    connection.send('POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    t.equal((await connection.answer())?.status, 404)
    connection.send('nonsense\r\n\r\n')
    await closes(t, connection)
  })

  t.test('a URL that can not be decoded does not cost the connection', async (t) => {
    const connection = await open(t)
    connection.send('GET /%zz HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: mine\r\n\r\n')
    const answer = await connection.answer()
    refused(t, answer, 400, 'VALIDATION_FAILED')
    t.equal(answer?.headers['x-request-id'], 'mine')
    connection.send(`${live}\r\n`)
    t.equal((await connection.answer())?.status, 200)
  })

  t.test('a request names one host, and no other', async (t) => {
    const ask = async (start: string, ...hosts: string[]) => {
      const connection = await open(t)
      const lines = hosts.map((host) => `${host}\r\n`).join('')
      connection.send(`${start}\r\n${lines}Connection: close\r\n\r\n`)
      return connection.answer()
    }
    const get = 'GET /health/live HTTP/1.1'
    for (const hosts of [
      [],
      ['Host: a', 'Host: b'],
      ['Host: a', 'host: a'],
      ['Host: a, b'],
      ['Host: user@a'],
      ['Host: a/b'],
      ['Host: a b'],
    ]) {
      const answer = await ask(get, ...hosts)
      refused(t, answer, 400, 'VALIDATION_FAILED')
      t.strictSame(JSON.parse(answer?.body ?? '').errors[0].field, 'host', hosts.join())
    }
    for (const host of ['a', 'HOST: a.example:5000', '[::1]:5000', '192.0.2.1', '']) {
      const answer = await ask(get, host.startsWith('HOST') ? host : `Host: ${host}`)
      t.equal(answer?.status, 200, host)
    }
    t.equal((await ask('GET /health/live HTTP/1.0'))?.status, 200, 'older clients name none')
  })

  t.test('an expectation that nobody knows is ignored', async (t) => {
    const connection = await open(t)
    connection.send(`${live}Expect: miracles\r\n\r\n`)
    const answer = await connection.answer()
    t.equal(answer?.status, 200)
    t.ok(answer?.headers['x-request-id'])
  })

  t.test('a client that goes away in the middle harms nobody else', async (t) => {
    for (const part of ['GET /hea', live, `${live}Content-Length: 10\r\n\r\nabc`]) {
      const connection = await open(t)
      connection.send(part)
      connection.socket.resetAndDestroy()
    }
    const connection = await open(t)
    connection.send(`${live}\r\n`)
    t.equal((await connection.answer())?.status, 200)
  })
})

t.test('floods', async (t) => {
  t.test('connections past a bound are closed at once, those within it served', async (t) => {
    const { app, log } = await build(t)
    const port = await listen(app)
    t.equal(app.server.maxConnections, 10_000)
    app.server.maxConnections = 2
    const open = async () => {
      const connection = await openConnection(port)
      t.teardown(() => connection.socket.destroy())
      return connection
    }
    const served = async (connection: RawConnection) => {
      connection.send(`${live}\r\n`)
      return (await connection.answer())?.status
    }
    const [first, second] = [await open(), await open()]
    t.strictSame([await served(first), await served(second)], [200, 200])
    for (let i = 0; i < 3; i += 1) await closes(t, await open())
    t.equal(await served(first), 200)
    const told = log.filter(({ msg }) => msg === 'connections refused, there are too many')
    t.match(told, [{ level: 40, connections: 2 }])
    t.equal(told.length, 1, 'once a minute')
    second.socket.destroy()
    await eventually(async () => (await served(await open())) === 200)
  })

  t.test(
    'ten thousand requests in one breath are answered one by one, in their order',
    async (t) => {
      const { app } = await build(t)
      const connection = await openConnection(await listen(app))
      t.teardown(() => connection.socket.destroy())
      const count = 10_000
      let received = ''
      connection.socket.on('data', (text) => {
        received += text
      })
      const request = (i: number) =>
        `GET /health/live HTTP/1.1\r\nHost: a\r\nX-Request-ID: n${i}\r\n${i === count - 1 ? 'Connection: close\r\n' : ''}\r\n`
      connection.send(Array.from({ length: count }, (_, i) => request(i)).join(''))
      await new Promise((resolve) => connection.socket.once('close', resolve))
      const ids = [...received.matchAll(/^x-request-id: n(\d+)\r$/gim)].map(([, id]) => Number(id))
      t.equal(ids.length, count)
      t.ok(ids.every((id, i) => id === i))
      t.equal(received.match(/HTTP\/1\.1 200 /g)?.length, count)
    },
  )

  t.test('a body of ten megabytes is refused before it is read', async (t) => {
    const { app } = await build(t)
    const port = await listen(app)
    const head = 'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
    const size = 10 * 1024 * 1024
    for (const [what, start, chunk] of [
      ['told by its length', `${head}Content-Length: ${size}\r\n\r\n`, 'x'.repeat(65_536)],
      [
        'in chunks',
        `${head}Transfer-Encoding: chunked\r\n\r\n`,
        `10000\r\n${'x'.repeat(65_536)}\r\n`,
      ],
    ] as const) {
      const connection = await openConnection(port)
      t.teardown(() => connection.socket.destroy())
      connection.send(start)
      for (let i = 0; i < 3; i += 1) connection.send(chunk)
      refused(t, await connection.answer(), 413, 'PAYLOAD_TOO_LARGE')
      const isCut = new Promise((resolve) => connection.socket.once('close', resolve))
      for (let i = 0; i < size / 65_536; i += 1) connection.send(chunk)
      await isCut
      t.pass(`and the connection is cut: ${what}`)
    }
  })

  t.test('thousands of headers are refused, few or many bytes each', async (t) => {
    const { app } = await build(t)
    const port = await listen(app)
    for (const [count, value] of [
      [5_000, ''],
      [1_200, 'x'.repeat(10)],
      [2, 'x'.repeat(9_000)],
    ] as const) {
      const connection = await openConnection(port)
      t.teardown(() => connection.socket.destroy())
      const bomb = Array.from({ length: count }, (_, i) => `X-${i}: ${value}\r\n`).join('')
      connection.send(`${live}${bomb}\r\n`)
      refused(t, await connection.answer(), 413, 'PAYLOAD_TOO_LARGE')
      await closes(t, connection)
    }
  })
})

t.test('a slow client', async (t) => {
  const { app } = await build(t)
  const port = await listen(app)

  t.test('has a minute at most', async (t) => {
    const { server } = app
    // Node looks at its connections in intervals of a second, which come on top.
    t.ok(server.requestTimeout > 0 && server.requestTimeout <= 59_000)
    t.ok(server.headersTimeout > 0 && server.headersTimeout <= 59_000)
    t.match(server, { connectionsCheckingInterval: 1_000 })
    t.ok(server.keepAliveTimeout > 60_000, 'idle connections outlive those of a balancer')
  })

  const parts = {
    'with headers that never end': live,
    'with a body that never ends':
      'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"email"',
    'with chunks that never end':
      'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
  }
  for (const [what, bytes] of Object.entries(parts)) {
    t.test(`${what} is told so, and cut off`, async (t) => {
      Object.assign(app.server, { requestTimeout: 50, headersTimeout: 50 })
      const connection = await openConnection(port)
      connection.send(bytes)
      const answer = await connection.answer()
      refused(t, answer, 408, 'REQUEST_TIMEOUT')
      await closes(t, connection)
    })
  }

  t.test('that never hangs up is cut off as well', async (t) => {
    Object.assign(app.server, { requestTimeout: 50, headersTimeout: 50 })
    const connection = await openConnection(port)
    connection.socket.removeAllListeners('end')
    connection.send('nonsense\r\n\r\n')
    refused(t, await connection.answer(), 400, 'VALIDATION_FAILED')
    const isAlone = () =>
      new Promise<boolean>((resolve) =>
        app.server.getConnections((_, count) => resolve(count === 0)),
      )
    await eventually(isAlone)
    t.ok(await isAlone())
    connection.socket.destroy()
  })
})
