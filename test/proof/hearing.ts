import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'

let marks = 0

/**
 * A function that resolves when every one of these instances has heard of all that was announced before:
 * messages arrive in order, so one that has heard the last has heard them all.
 */
export const hearing = (instances: FastifyInstance[], raw: Redis, channel: string) => {
  const heard = instances.map(({ stores }) => {
    const marks = new Set<string>()
    stores.invalidations.listen({
      invalidated: ({ userId }) => void marks.add(userId),
      lost: () => {},
      restored: () => {},
    })
    return marks
  })
  return async (): Promise<void> => {
    const mark = `mark${++marks}`
    await raw.publish(channel, mark)
    for (let polls = 1; !heard.every((marks) => marks.has(mark)); polls++) {
      await wait(1)
      // Whoever was deaf for a moment has forgotten everything, and hears the next one.
      if (polls % 100 === 0) await raw.publish(channel, mark)
    }
    for (const marks of heard) marks.clear()
  }
}

/** A function that resolves when every one of these instances has noticed, from now on, that it is deaf. */
export const deafness = (instances: FastifyInstance[]) => {
  const losses = instances.map(({ stores }) => {
    const count = { lost: 0 }
    const lost = () => {
      count.lost += 1
    }
    stores.invalidations.listen({ invalidated: () => {}, lost, restored: () => {} })
    return count
  })
  return async (): Promise<void> => {
    const before = losses.map(({ lost }) => lost)
    while (!losses.every(({ lost }, index) => lost > (before[index] ?? 0))) await wait(1)
  }
}
