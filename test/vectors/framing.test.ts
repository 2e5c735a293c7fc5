import { readFileSync } from 'node:fs'
import t from 'tap'
import { build } from '../support/app.js'
import { listen, openConnection, type RawAnswer } from '../support/raw-http.js'

const read = (file: string): [string, string][] =>
  Object.entries(JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')))

/** A request that asks to be the last one. */
const last =
  'GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-ID: last\r\n\r\n'

/** Everything that the server answers to these bytes, and then to the last request if it still listens. */
const converse = async (port: number, bytes: string): Promise<RawAnswer[]> => {
  const connection = await openConnection(port)
  connection.send(bytes)
  const first = await connection.answer()
  if (first === undefined) return []
  if (first.headers.connection !== 'close') connection.send(last)
  return [first, ...(await connection.closed())]
}

const isLast = ({ headers }: RawAnswer): boolean => headers['x-request-id'] === 'last'

t.test('requests over a socket', async (t) => {
  const { app } = await build(t)
  const port = await listen(app)

  t.test('that a strict parser refuses are refused once, and the connection closed', async (t) => {
    for (const [name, bytes] of read('broken-requests.json')) {
      const answers = await converse(port, bytes)
      t.strictSame(
        answers.map(({ status }) => status),
        [400],
        name,
      )
    }
  })

  t.test('with an odd Transfer-Encoding smuggle no second request in', async (t) => {
    const hidden = 'GET /health/live HTTP/1.1\r\nHost: a\r\nX-Request-ID: smuggled\r\n\r\n'
    const body = `0\r\n\r\n${hidden}`
    const gadgets = read('transfer-encodings.json')
    t.ok(gadgets.length > 600)
    for (const [name, base64] of gadgets) {
      const header = Buffer.from(base64, 'base64').toString('latin1')
      const request = [
        'POST /api/auth/logout HTTP/1.1',
        'Host: a',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        header,
        '',
        body,
      ].join('\r\n')
      const answers = await converse(port, request)
      t.equal(answers.filter((answer) => !isLast(answer)).length, 1, name)
      t.notOk(answers.some(({ headers }) => headers['x-request-id'] === 'smuggled'))
    }
  })
})
