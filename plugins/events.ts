import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { pino } from 'pino'
import type { Config } from '../src/config/schema.js'
import { createRecorder } from '../src/events/recorder.js'
import {
  type Emit,
  type EventDetails,
  type EventType,
  type Origin,
  vocabulary,
} from '../src/events/security-event.js'
import { openLogFile } from '../src/log-file.js'

declare module 'fastify' {
  interface FastifyInstance {
    events: {
      emit: Emit
      /** Calls a listener at every event; it must not throw. */
      listen: (listener: Listener) => void
      /** How many of each type this process has emitted. */
      counts: ReadonlyMap<EventType, number>
      /** How many events the store has not got yet, and how many it never will. */
      recording: () => { waiting: number; dropped: number }
    }
  }
  interface FastifyRequest {
    /** Where the request comes from, as events and sessions keep it. */
    readonly origin: Origin
    /** The same, once it was asked for. */
    knownOrigin: Origin | null
  }
}

type Listener = (type: EventType, origin: Origin, details: EventDetails) => void

/** The longest User-Agent and address that are kept; real ones are shorter. */
const userAgentMax = 256
const ipMax = 64

/**
 * What a client says of itself, fit for a log and a terminal: JSON leaves DEL and the C1 control characters
 * alone, of which U+009B begins a command to some terminals.
 */
const legible = (text: string, max: number): string => {
  const isPlain = /^[ -~]*$/.test(text)
  const shown = isPlain
    ? text
    : text.replace(
        /[\p{Cc}\p{Zl}\p{Zp}]/gu,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
  return shown.slice(0, max)
}

/** Where any request comes from, those of an embedding app's own routes too. */
export const originOf = ({ id, ip, headers }: FastifyRequest): Origin => ({
  requestId: id,
  // Absent once the client has hung up.
  ip: legible((ip as string | undefined) ?? '', ipMax),
  userAgent: legible(headers['user-agent'] ?? '', userAgentMax),
})

/**
 * Offers the security events. Each is a line in the log whatever its level, in a file of their own where one
 * is configured, and an entry in the store.
 */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const { SECURITY_LOG_FILE: file } = config
    // Every field is one of ours, and none a secret: the search for such would cost more than the line.
    const log = app.log.child({}, { level: 'info', redact: [] })
    const ownFile =
      file === undefined
        ? undefined
        : openLogFile(file, {
            onFailure: (err) => app.log.error({ err }, 'the security log file failed'),
          })
    const ownLog = ownFile && pino({}, ownFile)
    const recorder = createRecorder(app.stores.events)
    const counts = new Map<EventType, number>()
    const listeners: Listener[] = []
    app.addHook('onClose', async () => {
      await recorder.close()
      await ownFile?.close()
    })

    const emit: Emit = (type, origin, details = {}) => {
      // `event` is what OWASP's format for logs calls it.
      const line = { type, event: type, owasp: vocabulary[type], ...origin, ...details }
      log.info(line, 'security event')
      ownLog?.info(line, 'security event')
      recorder.record({ type, time: Date.now(), ...origin, ...details })
      counts.set(type, (counts.get(type) ?? 0) + 1)
      for (const listener of listeners) listener(type, origin, details)
    }

    app.decorate('events', {
      emit,
      listen: (listener) => {
        listeners.push(listener)
      },
      counts,
      recording: recorder.stats,
    })
    app.decorateRequest('knownOrigin', null)
    app.decorateRequest('origin', {
      getter(this: FastifyRequest) {
        this.knownOrigin ??= originOf(this)
        return this.knownOrigin
      },
    })
  },
  { name: 'events', dependencies: ['stores'] },
)
