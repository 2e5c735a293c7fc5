import type { FastifyInstance } from 'fastify'

/** How the store is, and how long it took to say so, in milliseconds. */
export const storeState = async ({ stores }: Pick<FastifyInstance, 'stores'>) => {
  const start = performance.now()
  const isUp = await stores.ping().then(
    () => true,
    () => false,
  )
  const latencyMs = Math.round((performance.now() - start) * 100) / 100
  if (!isUp) return { state: 'unavailable' as const, latencyMs: null }
  const state = stores.invalidations.isProved() ? ('ok' as const) : ('channel_lost' as const)
  return { state, latencyMs }
}
