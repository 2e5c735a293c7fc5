import { collectDefaultMetrics, Registry } from 'prom-client'

let registry: Registry | undefined

/** The process's own metrics, measured from the first call on: once, however many apps it holds. */
export const processMetrics = (): Registry => {
  if (registry === undefined) {
    registry = new Registry()
    collectDefaultMetrics({ register: registry })
  }
  return registry
}
