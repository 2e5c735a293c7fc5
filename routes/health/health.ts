import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Draining, StoreUnavailable } from '../../src/errors.js'
import { version } from '../../src/version.js'
import { isoTime } from '../present.js'
import { readFailures, Success, success, Time } from '../schemas.js'

const Status = Type.Object({ status: Type.Literal('ok') })
const ok = success('ok', { status: 'ok' as const })

const Health = Type.Object({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
  timestamp: Time('Now'),
  uptime: Type.Number({ description: 'Seconds since the process started' }),
  version: Type.String(),
  store: Type.Union([
    Type.Literal('ok'),
    Type.Literal('channel_lost'),
    Type.Literal('unavailable'),
  ]),
})

const health = {
  summary: 'How it is',
  description: 'Always 200 while it can answer; `status` tells whether something is missing.',
  tags: ['health'],
  response: { 200: Success(Health) },
}

const live = {
  summary: 'Whether the process runs',
  tags: ['health'],
  response: { 200: Success(Status) },
}

const ready = {
  summary: 'Whether requests should be sent here',
  description:
    '503 while the store or its invalidation channel does not answer, while it is stopping, and under pressure.',
  tags: ['health'],
  response: { 200: Success(Status), ...readFailures(Draining) },
}

/** `GET /health`, `/health/live` and `/health/ready`, for balancers and orchestrators. */
const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { stores } = app
  let isDraining = false
  app.addHook('preClose', async () => {
    isDraining = true
  })
  const storeState = async () => {
    const isUp = await stores.ping().then(
      () => true,
      () => false,
    )
    if (!isUp) return 'unavailable'
    return stores.invalidations.isProved() ? 'ok' : 'channel_lost'
  }

  app.get('/', { schema: health }, async () => {
    const store = await storeState()
    return success('Health', {
      status: store === 'ok' ? ('ok' as const) : ('degraded' as const),
      timestamp: isoTime(Date.now()),
      uptime: process.uptime(),
      version,
      store,
    })
  })

  app.get('/live', { schema: live }, async () => ok)

  app.get('/ready', { schema: ready }, async () => {
    if (isDraining) throw new Draining()
    await app.shedLoad()
    if ((await storeState()) !== 'ok') throw new StoreUnavailable()
    return ok
  })
}

export default healthRoutes
