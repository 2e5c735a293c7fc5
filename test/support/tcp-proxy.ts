import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import { freePort } from './free-port.js'

/**
 * A network that fails on command, between a client and a server on this machine.
 *
 * Where a method takes `sent`, it concerns only connections whose client has sent this text (in any
 * case), e.g. 'subscribe' or the name of a script's key.
 */
export interface TcpProxy {
  readonly port: number
  /** How many connections are open now. */
  readonly connections: number
  /** Breaks live connections with a reset; new ones are served. */
  cut: (sent?: string) => void
  /** New connections are refused, as with no server there; live ones stay. */
  refuse: () => void
  /** New connections are served again, on the same port. */
  accept: () => Promise<void>
  /**
   * Half-open: connections stay, but what either side sends is lost, as behind a NAT that forgot them.
   * So are new connections, unless `sent` is given.
   */
  pause: (sent?: string) => void
  /** New connections are served again. Those that were paused stay dead until they are closed. */
  resume: () => void
  /**
   * The lost answer: the server gets the next requests (that contain `sent`) and acts on them, but of
   * their answers the next `count` never arrive, and then the connection breaks. Resolves when it did.
   */
  dropReplies: (count?: number, sent?: string) => Promise<void>
}

interface Connection {
  client: Socket
  server: Socket
  /** The beginning of what the client sent, in lower case. */
  sent: string
  silent: boolean
}

/** The names of a client's first commands suffice to tell connections apart. */
const sentLimit = 16_384

/** Starts a proxy to a port of 127.0.0.1; it ends with the test. */
export const startProxy = async (
  t: Pick<Test, 'teardown'>,
  targetPort: number,
): Promise<TcpProxy> => {
  const live = new Set<Connection>()
  let paused = false
  /** Answers to lose: how many, to which requests, on which connection, and whom to tell. */
  let loss:
    | { left: number; sent: string; victim: Connection | undefined; done: () => void }
    | undefined

  const matching = (sent = ''): Connection[] =>
    [...live].filter((connection) => connection.sent.includes(sent.toLowerCase()))

  const destroy = (connection: Connection): void => {
    live.delete(connection)
    connection.client.resetAndDestroy()
    connection.server.resetAndDestroy()
  }

  const serve = (client: Socket): void => {
    const server = connect({
      port: targetPort,
      host: '127.0.0.1',
      allowHalfOpen: true,
      noDelay: true,
    })
    const connection: Connection = { client, server, sent: '', silent: paused }
    live.add(connection)

    client.on('data', (chunk) => {
      const text = chunk.toString('latin1').toLowerCase()
      connection.sent = (connection.sent + text).slice(0, sentLimit)
      if (connection.silent) return
      if (loss && !loss.victim && text.includes(loss.sent)) loss.victim = connection
      server.write(chunk)
    })
    server.on('data', (chunk) => {
      if (connection.silent) return
      if (loss?.victim !== connection) {
        client.write(chunk)
        return
      }
      if (--loss.left > 0) return
      // By an orderly end the server gets all that was sent before, and has acted on it when it closes
      // too; a reset could overtake a request and make it a lost request.
      server.once('close', loss.done)
      loss = undefined
      connection.silent = true
      client.resetAndDestroy()
      server.end()
    })
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      // The other side of a half-open connection does not even learn that this one has gone.
      from.on('end', () => connection.silent || to.end())
      from.on('error', () => connection.silent || to.destroy())
      from.on('close', () => {
        if (loss?.victim === connection) loss.victim = undefined
        if (client.destroyed && server.destroyed) live.delete(connection)
        else if (!connection.silent) to.destroySoon()
      })
    }
  }

  const listen = async (port: number): Promise<Server> => {
    // Half-open sockets are allowed, so that the end of one side is passed on like everything else.
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, serve)
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
    return listener
  }

  let listener: Server | undefined
  let port = 0
  while (!listener) {
    port = await freePort()
    // Somebody was quicker: another port will do.
    listener = await listen(port).catch(() => undefined)
  }

  const refuse = (): void => {
    listener?.close()
    listener = undefined
  }

  t.teardown(() => {
    refuse()
    for (const connection of live) destroy(connection)
  })

  return {
    port,
    get connections() {
      return live.size
    },
    cut: (sent) => matching(sent).forEach(destroy),
    refuse,
    accept: async () => {
      listener ??= await listen(port)
    },
    pause: (sent) => {
      paused = sent === undefined
      for (const connection of matching(sent)) connection.silent = true
    },
    resume: () => {
      paused = false
    },
    dropReplies: (count = 1, sent = '') =>
      new Promise((done) => {
        if (loss) throw new Error('An answer is waiting to be lost already')
        loss = { left: count, sent: sent.toLowerCase(), victim: undefined, done }
      }),
  }
}
