import type { CounterExchange } from '../abuse/counters.js'
import type { Keys } from './keys.js'
import { type Client, script } from './script.js'

/** Shares counts through Redis: one number a key, which lapses with its window. */
export const createCounterExchange = (client: Client, keys: Keys): CounterExchange => {
  const addCount = script<[total: number, leftMs: number]>(client, 'add-count')
  return {
    async add(key, delta, windowMs) {
      const [total, leftMs] = await addCount([keys.count(key)], [delta, windowMs])
      return { total, leftMs }
    },
  }
}
