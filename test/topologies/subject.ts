import { EventEmitter, once } from 'node:events'
import type { Cluster, Redis } from 'ioredis'
import { createKeys } from '../../src/redis/keys.js'
import type { Invalidation } from '../../src/sessions/invalidation.js'
import type { Stores } from '../../src/stores.js'
import { type Subject, second } from '../stores/subject.js'
import { eventually } from '../support/app.js'

const keys = createKeys('gh:')

/** Moves every session back, whose times all count from its creation, and with them the end of the key. */
const ageSessions = `
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if not string.find(all[i], '.', 1, true) then
    local created, others = string.match(all[i + 1], '^(%d+)(.*)$')
    redis.call('HSET', KEYS[1], all[i], string.format('%.0f', created - ARGV[1]) .. others)
  end
end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left - ARGV[1])) end`

/** Two instances on one Redis, whose data can be reached past them. */
export const redisSubject = (raw: Redis | Cluster, stores: Stores, elsewhere: Stores): Subject => ({
  stores,
  elsewhere,
  age: async (userId, ms) => {
    await raw.eval(ageSessions, 1, keys.sessions(userId), ms)
  },
  alter: async (userId, changes) => {
    const key = keys.account(userId)
    if (changes === undefined) await raw.del(key)
    if (changes?.isActive !== undefined) await raw.hset(key, 'active', Number(changes.isActive))
    if (changes?.passwordVersion !== undefined) {
      await raw.hset(key, 'version', changes.passwordVersion)
    }
  },
})

/** What the listeners of one instance hear. */
export interface Ear {
  /** 'lost', 'restored', and what was invalidated. */
  heard: ('lost' | 'restored' | Invalidation)[]
  /** Resolves when it holds, asked again at each thing heard; rejects when that takes half a minute. */
  until: (holds: () => boolean) => Promise<void>
  /** Resolves when the channel is proved to work. */
  proved: () => Promise<void>
}

export const listen = ({ invalidations }: Stores): Ear => {
  const heard: Ear['heard'] = []
  const news = new EventEmitter().setMaxListeners(0)
  const note = (what: Ear['heard'][number]) => {
    heard.push(what)
    news.emit('heard')
  }
  invalidations.listen({
    invalidated: note,
    lost: () => note('lost'),
    restored: () => note('restored'),
  })
  const until: Ear['until'] = async (holds) => {
    const signal = AbortSignal.timeout(30 * second)
    while (!holds()) await once(news, 'heard', { signal })
  }
  // Proof lapses with time and returns with any beat, and no event tells of either.
  return { heard, until, proved: () => eventually(async () => invalidations.isProved()) }
}
