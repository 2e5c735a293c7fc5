/**
 * The one process that all load comes from: raw keep-alive connections, each of which sends its next request
 * when the last one is answered. Costs less a request than any server under it, so that what is measured
 * is the server. Told by its parent what to send; answers counts and latencies.
 */
import { connect } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')
const lengthNames = ['\r\nContent-Length: ', '\r\ncontent-length: '].map((name) =>
  Buffer.from(name),
)
const lastChunk = Buffer.from('\r\n0\r\n\r\n')

/** The number that is written from here on. */
const numberAt = (bytes, at) => {
  let number = 0
  for (let i = at; bytes[i] >= 0x30 && bytes[i] <= 0x39; i += 1)
    number = number * 10 + bytes[i] - 0x30
  return number
}

/** The length of the answer at the beginning of the bytes, or -1 as long as it is not complete. */
const answerLength = (bytes, size) => {
  const end = bytes.indexOf(headEnd)
  if (end < 0 || end >= size) return -1
  for (const name of lengthNames) {
    const at = bytes.indexOf(name)
    if (at < 0 || at > end) continue
    const length = end + 4 + numberAt(bytes, at + name.length)
    return size >= length ? length : -1
  }
  if (!/transfer-encoding: chunked/i.test(bytes.latin1Slice(0, end))) return end + 4
  const last = bytes.indexOf(lastChunk, end)
  return last < 0 || last >= size ? -1 : last + 7
}

/** The value of a cookie that the answer sets. */
const cookieOf = (text, name) => {
  const at = text.indexOf(`${name}=`)
  return at < 0 ? undefined : text.slice(at + name.length + 1, text.indexOf(';', at))
}

/** What a connection sends next, by kind of load; `last` is the text of the last answer. */
const senders = {
  /** The same requests in turn, each connection beginning with another one. */
  turns: ({ requests }, index) => {
    const bytes = requests.map((request) => Buffer.from(request, 'latin1'))
    let at = index
    return () => bytes[at++ % bytes.length]
  },
  /** A request whose `<token>` is what the last answer set as a cookie. */
  chain:
    ({ request, cookie, tokens = [] }, index) =>
    (last) => {
      tokens[index] = (last && cookieOf(last, cookie)) ?? tokens[index]
      return request.replace('<token>', tokens[index])
    },
  /** Each request is sent once over all connections; then there is no more. */
  once: ({ requests }) => {
    return () => requests.pop()
  },
  /** A user of a page: many GETs, now and then a refresh, rarely a sign-in. */
  visitor: ({ get, refresh, login, cookies, users, every }, index) => {
    let { access, token, email } = users[index]
    let count = index
    return (last) => {
      if (last) {
        access = cookieOf(last, cookies.access) ?? access
        token = cookieOf(last, cookies.refresh) ?? token
      }
      count += 1
      if (count % every.login === 0) return login.replace('<email>', email)
      const form = count % every.refresh === 0 ? refresh : get
      return form.replaceAll('<access>', access).replaceAll('<token>', token)
    }
  },
}

const quantile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]

const quantiles = (times) => {
  times.sort((a, b) => a - b)
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: times.at(-1) }
}

const nothing = Buffer.alloc(0)
/** Every connection reads into it, and takes what it has read before another one does. */
const shared = Buffer.allocUnsafe(65_536)

/** One connection. `pause` answers how long its user thinks, in milliseconds. */
const open = ({ port, next, pause, until, seen }) =>
  new Promise((resolve) => {
    let bytes = nothing
    let sentAt = 0
    let last
    const take = (answer) => {
      seen.answer(performance.now() - sentAt, answer)
      last = next.length > 0 ? answer.latin1Slice() : undefined
      later()
    }
    const read = (size, buffer) => {
      const chunk = buffer.subarray(0, size)
      const present = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      const length = answerLength(present, present.length)
      // The buffer is used again for what comes next.
      bytes = length < 0 ? Buffer.from(present) : nothing
      if (length >= 0) take(present.subarray(0, length))
      return true
    }
    const onread = { buffer: shared, callback: read }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    const end = () => {
      socket.destroy()
      resolve()
    }
    const send = () => {
      const upcoming = next(last)
      const request = performance.now() < until() ? upcoming : undefined
      if (request === undefined) return end()
      sentAt = performance.now()
      socket.write(request, 'latin1')
    }
    const later = () => {
      const ms = pause()
      if (ms === 0) send()
      else setTimeout(send, ms)
    }
    socket.on('connect', () => seen.connected(later))
    socket.on('error', () => {
      seen.failed()
      end()
    })
    socket.on('close', end)
  })

const run = async (load) => {
  const { port, connections, seconds, kind } = load
  const statuses = {}
  const times = []
  /** The times of each second, where they are asked for. */
  const slices = []
  let failures = 0
  let sample
  let endsAt = Number.POSITIVE_INFINITY
  let connected = 0
  const waiting = []
  let startedAt = 0
  const seen = {
    // All begin together, when the last one is connected.
    connected: (begin) => {
      waiting.push(begin)
      connected += 1
      if (connected < connections) return
      startedAt = performance.now()
      endsAt = startedAt + seconds * 1000
      process.send({ started: true })
      for (const one of waiting) one()
    },
    answer: (ms, bytes) => {
      times.push(ms)
      if (load.isSliced) {
        const second = Math.floor((performance.now() - startedAt) / 1000)
        slices[second] ??= []
        slices[second].push(ms)
      }
      const status = numberAt(bytes, 9)
      statuses[status] = (statuses[status] ?? 0) + 1
      if (sample === undefined || (status >= 400 && numberAt(sample, 9) < 400)) {
        sample = Buffer.from(bytes)
      }
    },
    failed: () => {
      failures += 1
    },
  }
  const pause = () => (load.thinkMs ? load.thinkMs * (0.5 + Math.random()) : 0)
  const all = []
  for (let index = 0; index < connections; index += 1) {
    const next = senders[kind](load, index)
    all.push(open({ port, next, pause, until: () => endsAt, seen }))
    // A backlog of the kernel's is 511 long.
    if (index % 200 === 199) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await Promise.all(all)
  const elapsed = (performance.now() - startedAt) / 1000
  return {
    requests: times.length,
    seconds: elapsed,
    rate: times.length / elapsed,
    ...quantiles(times),
    slices: Object.entries(slices).map(([second, some]) => ({
      second: Number(second),
      ...quantiles(some),
    })),
    statuses,
    failures,
    tokens: load.tokens,
    sample: sample?.toString('latin1'),
  }
}

process.on('message', async (load) => process.send({ result: await run(load) }))
process.on('disconnect', () => process.exit(0))
