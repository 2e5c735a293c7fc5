import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the range from which systems take the ports of outgoing connections (Linux: 32768, others:
 * 49152), so that none of these is taken while a test has its server stopped for a moment. A
 * cluster's bus, at port + 10000, stays below it too.
 */
const first = 12_000
const last = 21_999

/**
 * A port of 127.0.0.1 that nobody listens on at this moment. Somebody may be quicker: who listens on
 * it must be ready to ask again.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = first + Math.floor(Math.random() * (last - first + 1))
    const probe = createServer()
    const listening = once(probe, 'listening').then(
      () => true,
      () => false,
    )
    probe.listen(port, '127.0.0.1')
    if (await listening) {
      await new Promise((resolve) => probe.close(resolve))
      return port
    }
  }
}
