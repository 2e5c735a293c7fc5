import { createHook } from 'node:async_hooks'

/** What Node notes a call of `process.nextTick` in; one of them. */
const kept = new Set<object>()

/**
 * Keeps V8 from forgetting how Node lays out the objects behind `process.nextTick`. A full collection at a
 * moment when there is none of them takes the layout along, and from then on each is made in the slow way:
 * 2 µs of a request, which has eight. One that stays is enough. Answers whether Node has shown one.
 */
export const keepTickLayout = (): boolean => {
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === 'TickObject') kept.add(resource)
    },
  })
  hook.enable()
  process.nextTick(() => {})
  hook.disable()
  return kept.size > 0
}
