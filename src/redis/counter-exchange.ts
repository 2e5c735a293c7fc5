import type { CounterExchange, SharedCount } from '../abuse/counter-exchange.js'
import type { Keys } from './keys.js'
import { createNews } from './news.js'
import { type Client, script } from './script.js'

/** Shares counts through Redis: one number a key, which lapses with its window. */
export const createCounterExchange = (client: Client, keys: Keys): CounterExchange => {
  const addCount = script<[total: number, leftMs: number]>(client, 'add-count')
  const news = createNews<SharedCount[]>(client, keys.news('counts'))

  return {
    async add(key, delta, windowMs) {
      const [total, leftMs] = await addCount([keys.count(key)], [delta, windowMs])
      return { total, leftMs }
    },
    tell: news.tell,
    async heard() {
      const all = await news.heard()
      return all.flatMap(({ item, ageMs }) =>
        item.map((count) => ({ ...count, leftMs: count.leftMs - ageMs })),
      )
    },
  }
}
