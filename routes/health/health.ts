import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Draining, StoreUnavailable, UnderPressure } from '../../src/errors.js'
import { readFailures } from '../schemas.js'
import { Flat, flat, Health, healthNow, StoreState } from './answers.js'
import { storeState } from './state.js'

const Status = Type.Object({ status: Type.Literal('ok') })
const ok = flat('ok', { status: 'ok' as const })

const health = {
  summary: 'How it is',
  description: 'Always 200 while it can answer; `status` tells whether something is missing.',
  tags: ['health'],
  response: { 200: Flat(Type.Composite([Health, Type.Object({ store: StoreState })])) },
}

const live = {
  summary: 'Whether the process runs',
  tags: ['health'],
  response: { 200: Flat(Status) },
}

const ready = {
  summary: 'Whether requests should be sent here',
  description:
    '503 while the store or its invalidation channel does not answer, while it is stopping, and under pressure.',
  tags: ['health'],
  response: { 200: Flat(Status), ...readFailures(Draining) },
}

const config = { quiet: true } as const

/** `GET /health`, `/health/live` and `/health/ready`, for balancers and orchestrators. */
const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', { schema: health, config }, async () => {
    const { state: store } = await storeState(app)
    return flat('Health', { ...healthNow(store === 'ok'), store })
  })

  app.get('/live', { schema: live, config }, async () => ok)

  app.get('/ready', { schema: ready, config }, async () => {
    if (app.draining.isOn()) throw new Draining()
    if (app.pressure.isOn()) throw new UnderPressure()
    if ((await storeState(app)).state !== 'ok') throw new StoreUnavailable()
    return ok
  })
}

export default healthRoutes
