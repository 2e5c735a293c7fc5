import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** A connection on which one may say whatever one likes. */
export interface RawConnection {
  socket: Socket
  send: (bytes: string) => void
  /** Resolves with the next answer; with undefined where the server closes instead. */
  answer: () => Promise<RawAnswer | undefined>
  /** Resolves when the server has closed, with all the answers that nobody asked for. */
  closed: () => Promise<RawAnswer[]>
}

/** Starts an app on a port of this machine. */
export const listen = async (app: FastifyInstance): Promise<number> => {
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  return Number(port)
}

/** Text is sent and read byte by byte, as latin-1. */
export const openConnection = async (port: number): Promise<RawConnection> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.setEncoding('latin1')
  let received = ''
  let isOver = false
  socket.on('data', (text) => {
    received += text
  })
  // A reset is one way of closing; what came before it counts.
  socket.on('error', () => {})
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      isOver = true
      socket.destroy()
    })
  }
  await once(socket, 'connect')

  const take = (): RawAnswer | undefined => {
    const [answer, rest] = split(received)
    received = rest
    return answer
  }
  const change = () =>
    new Promise<void>((resolve) => {
      for (const event of ['data', 'end', 'close']) socket.once(event, () => resolve())
    })

  return {
    socket,
    send: (bytes) => {
      socket.write(bytes, 'latin1')
    },
    answer: async () => {
      for (;;) {
        const answer = take()
        if (answer !== undefined || isOver) return answer
        await change()
      }
    },
    closed: async () => {
      while (!isOver) await change()
      const answers: RawAnswer[] = []
      for (let answer = take(); answer !== undefined; answer = take()) answers.push(answer)
      if (received !== '') throw new Error(`The server closed within an answer: ${received}`)
      return answers
    },
  }
}

/** The first whole answer of a text, and what comes after it. */
const split = (text: string): [RawAnswer | undefined, rest: string] => {
  const [head = '', ...others] = text.split('\r\n\r\n')
  const rest = others.join('\r\n\r\n')
  const [start = '', ...lines] = head.split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1]
  if (others.length === 0 || status === undefined) return [undefined, text]
  const headers = Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split(': ')
      return [name.toLowerCase(), value.join(': ')]
    }),
  )
  const length = Number(headers['content-length'] ?? 0)
  if (rest.length < length) return [undefined, text]
  return [{ status: Number(status), headers, body: rest.slice(0, length) }, rest.slice(length)]
}
