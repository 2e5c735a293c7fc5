import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the range from which systems take the ports of outgoing connections (Linux: 32768, others:
 * 49152), so that none of these is taken while a test has its server stopped for a moment. A
 * cluster's bus, at port + 10000, stays below it too.
 */
const first = 12_000
const last = 21_999

/** Of the two files that run at a time, one takes the even ports and the other the odd ones. */
const turn = Number(process.env.TAP_JOB_ID ?? 0) % 2

/** What this process was given: it may not listen there yet. */
const given = new Set<number>()

/**
 * A port of 127.0.0.1 that nobody listens on at this moment, and that no other test is given. Somebody else
 * may be quicker: who can should be ready to ask again.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = first + 2 * Math.floor((Math.random() * (last - first + 1)) / 2) + turn
    if (given.has(port)) continue
    const probe = createServer()
    const listening = once(probe, 'listening').then(
      () => true,
      () => false,
    )
    probe.listen(port, '127.0.0.1')
    if (await listening) {
      given.add(port)
      await new Promise((resolve) => probe.close(resolve))
      return port
    }
  }
}
