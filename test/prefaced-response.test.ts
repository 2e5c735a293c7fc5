import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { canPreface, fixedHeaders, PrefacedResponse } from '../src/prefaced-response.js'

t.test(
  'headers are refused that Node would refuse, before any answer is made of them',
  async (t) => {
    t.throws(() => fixedHeaders({ 'X Y': 'value' }), { code: 'ERR_INVALID_HTTP_TOKEN' })
    t.throws(() => fixedHeaders({ 'X-Y': 'a\r\nSet-Cookie: b=c' }), { code: 'ERR_INVALID_CHAR' })
    t.equal(fixedHeaders({ A: 'b', C: 'd' }).lines, 'A: b\r\nC: d\r\n')
  },
)

t.test('the lines stand before the headers, and the answer is whole', async (t) => {
  t.equal(canPreface, true)
  const { lines } = fixedHeaders({ 'X-One': '1', 'X-Two': '2' })
  const server = createServer({ ServerResponse: PrefacedResponse }, (_, response) => {
    response.preface += lines
    response.writeHead(200, { 'X-Three': '3' }).end('hello')
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sent = request({ port, host: '127.0.0.1', agent: false }).end()
  const [answer] = await once(sent, 'response')
  t.strictSame(answer.rawHeaders.slice(0, 6), ['X-One', '1', 'X-Two', '2', 'X-Three', '3'])
  t.equal((await answer.setEncoding('utf8').toArray()).join(''), 'hello')
})
