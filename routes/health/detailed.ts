import { availableParallelism, loadavg } from 'node:os'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { InvalidToken, NoToken, NotFound } from '../../src/errors.js'
import { isoTime } from '../present.js'
import { readFailures, Time } from '../schemas.js'
import { Flat, flat, Health, healthNow, StoreState } from './answers.js'
import { storeState } from './state.js'

const Bytes = (description: string) => Type.Integer({ description: `${description}, in bytes` })
const Seconds = (description: string) => Type.Number({ description: `${description}, in seconds` })

const Details = Type.Composite([
  Health,
  Type.Object({
    store: Type.Object({
      state: StoreState,
      kind: Type.Union([Type.Literal('redis'), Type.Literal('embedded')]),
      role: Type.Union([Type.String(), Type.Null()], {
        description: '`master`, or what else its servers say they are; null where none answers',
      }),
      latencyMs: Type.Union([Type.Number(), Type.Null()], { description: 'Of one write' }),
      channel: Type.Boolean({ description: 'Whether revocations elsewhere are surely heard' }),
    }),
    memory: Type.Object({
      rss: Bytes('Of the process'),
      heapUsed: Bytes('JavaScript heap in use'),
      heapTotal: Bytes('JavaScript heap'),
      external: Bytes('Buffers and the like'),
    }),
    cpu: Type.Object({
      user: Seconds('Since the start'),
      system: Seconds('Since the start'),
      cores: Type.Integer(),
    }),
    eventLoop: Type.Object({
      delayMs: Type.Number({ description: 'Mean of the last second' }),
      utilization: Type.Number({ description: 'Share of the last second' }),
      pressure: Type.Boolean({ description: 'Whether requests are refused for load' }),
    }),
    load: Type.Array(Type.Number(), { description: 'Of the machine: 1, 5 and 15 minutes' }),
    cache: Type.Object({
      open: Type.Boolean(),
      size: Type.Integer(),
      hits: Type.Integer(),
      misses: Type.Integer(),
    }),
    mail: Type.Object({
      transport: Type.String(),
      waiting: Type.Union([Type.Integer(), Type.Null()], {
        description: 'Of all instances together; null while the store is away',
      }),
      sent: Type.Integer(),
      failed: Type.Integer({ description: 'Tries that failed' }),
      dropped: Type.Integer({ description: 'Mails that were given up' }),
      lastSuccessAt: Type.Union([Time('The last mail that was sent'), Type.Null()]),
      lastFailureAt: Type.Union([Time('The last try that failed'), Type.Null()]),
    }),
    passwords: Type.Object({ active: Type.Integer(), queued: Type.Integer() }),
    events: Type.Object({ waiting: Type.Integer(), dropped: Type.Integer() }),
    workers: Type.Object({
      configured: Type.Integer(),
      ready: Type.Integer(),
      died: Type.Integer({ description: 'By themselves, since the start' }),
    }),
  }),
])

const schema = {
  summary: 'How it is in detail',
  description: 'For operators: with `MONITORING_TOKEN`, or without one from this machine alone.',
  tags: ['health'],
  security: [{ bearer: [] }],
  response: { 200: Flat(Details), ...readFailures(NoToken, InvalidToken, NotFound) },
}

const oneProcess = { configured: 1, ready: 1, died: 0 }

/** `GET /health/detailed`: of the process that answers, and of how many there are. */
const detailedRoute: FastifyPluginAsyncTypebox = async (app) => {
  const { stores, sessions, hasher, events, mail, pressure, fleet } = app
  app.get(
    '/detailed',
    { schema, onRequest: app.requireMonitor, config: { quiet: true } },
    async () => {
      const [{ state, latencyMs }, role, waiting, workers] = await Promise.all([
        storeState(app),
        stores.role().catch(() => null),
        mail.waiting().catch(() => null),
        fleet?.workers() ?? oneProcess,
      ])
      const { user, system } = process.cpuUsage()
      const { lastSuccessAt, lastFailureAt, ...mails } = mail.stats()
      const channel = stores.invalidations.isProved()
      return flat('Health', {
        ...healthNow(state === 'ok'),
        store: { state, kind: stores.kind, role, latencyMs, channel },
        memory: process.memoryUsage(),
        cpu: { user: user / 1e6, system: system / 1e6, cores: availableParallelism() },
        eventLoop: { ...pressure.eventLoop(), pressure: pressure.isOn() },
        load: loadavg(),
        cache: sessions.cache.stats(),
        mail: {
          ...mails,
          waiting,
          lastSuccessAt: lastSuccessAt === undefined ? null : isoTime(lastSuccessAt),
          lastFailureAt: lastFailureAt === undefined ? null : isoTime(lastFailureAt),
        },
        passwords: hasher.stats(),
        events: events.recording(),
        workers,
      })
    },
  )
}

export default detailedRoute
