import { type Client, script } from './script.js'

/** What an instance told all of them, and how long ago by the clock of Redis. */
export interface NewsItem<Item> {
  item: Item
  ageMs: number
}

/**
 * Word to all instances by a short stream that each reads on from where it was: unlike a message, nobody
 * misses it, and it waits for those who ask twice a second.
 */
export const createNews = <Item>(client: Client, key: string) => {
  const tellNews = script<'told'>(client, 'tell-news')
  const hearNews = script<(string | number)[]>(client, 'hear-news')
  /** The last one that was heard. */
  let latest = '0-0'

  return {
    tell: async (item: Item): Promise<void> => {
      await tellNews([key], [JSON.stringify(item)])
    },
    /** What was told since this was last asked. */
    heard: async (): Promise<NewsItem<Item>[]> => {
      const list = await hearNews([key], [latest])
      const heard: NewsItem<Item>[] = []
      for (let i = 0; i < list.length; i += 3) {
        latest = String(list[i])
        // Only `tell` writes it.
        heard.push({ ageMs: Number(list[i + 1]), item: JSON.parse(String(list[i + 2])) as Item })
      }
      return heard
    },
  }
}
