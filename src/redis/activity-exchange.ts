import type { ActivityExchange } from '../abuse/activity-exchange.js'
import type { SharedActivity } from '../abuse/deeds.js'
import { randomId } from '../ids.js'
import type { Keys } from './keys.js'
import { createNews } from './news.js'
import { type Client, command, script } from './script.js'

/** How long what an instance told is of use, in milliseconds: the rules look at a minute. */
const usefulMs = 65_000

/** Shares activity and blocks through Redis; everything lapses within two minutes. */
export const createActivityExchange = (client: Client, keys: Keys): ActivityExchange => {
  const shareActivity = script<(string | number)[]>(client, 'share-activity')
  const blockClient = script<'blocked'>(client, 'block-client')
  const listBlocks = script<(string | number)[]>(client, 'list-blocks')
  const news = createNews<string[]>(client, keys.news('activity'))
  const instance = randomId()
  /** The end of the latest block that was heard of, by the clock of Redis. */
  let latest: string | number = 0

  return {
    async share(who, here) {
      const args = [instance, JSON.stringify(here), usefulMs]
      const others = await shareActivity([keys.activity(who)], args)
      const elsewhere: SharedActivity = { slices: [], routes: [] }
      for (let i = 0; i < others.length; i += 2) {
        const ago = Number(others[i])
        // Only our own instances write it.
        const { slices, routes } = JSON.parse(String(others[i + 1])) as SharedActivity
        for (const [age, ...counts] of slices) elsewhere.slices.push([age + ago, ...counts])
        for (const [route, age] of routes) elsewhere.routes.push([route, age + ago])
      }
      return elsewhere
    },
    tell: news.tell,
    async heard() {
      return (await news.heard()).flatMap(({ item }) => item)
    },
    async block(who, ms) {
      await blockClient([keys.blocks], [who, ms])
      // The block is the answer to what was done: it does not count again when the block is over.
      await command(client.del(keys.activity(who)))
    },
    async blocks() {
      const [end = latest, ...list] = await listBlocks([keys.blocks], [latest])
      latest = end
      const blocks = new Map<string, number>()
      for (let i = 0; i < list.length; i += 2) blocks.set(String(list[i]), Number(list[i + 1]))
      return blocks
    },
  }
}
