import fp from 'fastify-plugin'
import { ValidationFailed } from '../src/errors.js'
import { connectionsMax } from '../src/server-options.js'

/** How often a flood of connections is told of, in milliseconds. */
const tellEvery = 60_000

/** A host with or without a port, or nothing (RFC 9110, 7.2; the characters: RFC 3986, 3.2.2). */
const host = /^[\w.~!$&'()*+,;=%:[\]-]*$/

/** How many Host headers there are: `headers.host` is the first alone. */
const countHosts = (rawHeaders: string[]): number => {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}

/**
 * Refuses what Node's HTTP server lets through, connections past a bound too, and answers what it would
 * answer in words of its own, without envelope and headers.
 */
export default fp(
  async (app) => {
    // RFC 9112, 3.2. With two of them whoever stands in front may have believed the other one.
    app.addHook('onRequest', ({ raw }, _reply, done) => {
      const hosts = countHosts(raw.rawHeaders)
      const isComplete = hosts === 1 || (hosts === 0 && raw.httpVersionMinor === 0)
      if (isComplete && host.test(raw.headers.host ?? '')) return done()
      throw new ValidationFailed([{ field: 'host', message: 'Send one Host header' }])
    })
    app.server.maxConnections = connectionsMax
    let toldAt = Number.NEGATIVE_INFINITY
    app.server.on('drop', () => {
      // A flood of connections is not to be one of lines.
      if (performance.now() - toldAt < tellEvery) return
      toldAt = performance.now()
      app.log.warn(
        { connections: app.server.maxConnections },
        'connections refused, there are too many',
      )
    })
    // An expectation that nobody knows may be ignored as well as refused (RFC 9110, 10.1.1).
    app.server.on('checkExpectation', (request, response) =>
      app.server.emit('request', request, response),
    )
  },
  { name: 'strict-http', dependencies: ['errors'] },
)
