import type { ActivityExchange, SharedActivity } from '../abuse/activity.js'
import { randomId } from '../ids.js'
import type { Keys } from './keys.js'
import { type Client, script } from './script.js'

const minuteMs = 60_000

/** Shares activity and blocks through Redis; everything lapses within two minutes. */
export const createActivityExchange = (client: Client, keys: Keys): ActivityExchange => {
  const shareActivity = script<string[]>(client, 'share-activity')
  const blockClient = script<'blocked'>(client, 'block-client')
  const listBlocks = script<(string | number)[]>(client, 'list-blocks')
  const instance = randomId()

  return {
    async share(who, here) {
      const args = [instance, JSON.stringify(here), minuteMs]
      const others = await shareActivity([keys.activity(who)], args)
      const elsewhere: SharedActivity = { requests: 0, failures: 0, routes: [] }
      for (const text of others) {
        // Only our own instances write it.
        const other = JSON.parse(text) as SharedActivity
        elsewhere.requests += other.requests
        elsewhere.failures += other.failures
        // Lua writes an empty list as an empty object.
        if (Array.isArray(other.routes)) elsewhere.routes.push(...other.routes)
      }
      return elsewhere
    },
    async block(who, ms) {
      await blockClient([keys.blocks], [who, ms])
    },
    async blocks() {
      const list = await listBlocks([keys.blocks])
      const blocks = new Map<string, number>()
      for (let i = 0; i < list.length; i += 2) blocks.set(String(list[i]), Number(list[i + 1]))
      return blocks
    },
  }
}
