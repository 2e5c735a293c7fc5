import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import { createKeys } from '../../src/redis/keys.js'
import type { Stores } from '../../src/stores.js'
import { open } from '../redis/open.js'
import { inShort, second } from '../stores/subject.js'
import { ownTime } from '../support/own-time.js'
import type { RedisServer } from '../support/redis.js'
import { type RedisCluster, until } from '../support/redis-topologies.js'
import { type Ear, listen } from './subject.js'
import { startTraffic, type Traffic } from './traffic.js'

const keys = createKeys('gh:')

/** How soon after a promotion all has to be as it was before the failover. */
const patience = 3 * second

/** Two instances whose servers are to fail under them. */
export interface Instances {
  here: Stores
  there: Stores
  userIds: string[]
  ears: Ear[]
  traffic: Traffic[]
  proved: () => Promise<unknown>
  /** Does something that must make both lose their channels; resolves when they know. */
  deafened: (by: () => Promise<unknown>) => Promise<void>
  /** Waits until all works again, and asserts that it came about soon after `since`. */
  recovered: (t: Test, since: number) => Promise<void>
  /**
   * Asserts that what one instance revokes the other hears of, whoever's it is; or that it learns that it
   * may have missed it, where it was with a former master still, or its channel was lost.
   */
  coherent: (t: Test) => Promise<void>
}

/** Opens both and keeps every one of `accounts` in use on both, unless they are to be `idle`. */
export const startInstances = async (
  t: Test,
  url: string,
  accounts: (stores: Stores) => Promise<string[]>,
  { idle = false } = {},
): Promise<Instances> => {
  const [{ stores: here }, { stores: there }] = [await open(t, { url }), await open(t, { url })]
  const ears = [listen(here), listen(there)]
  const userIds = await accounts(here)
  const traffic = await Promise.all(
    (idle ? [] : [here, there]).flatMap((stores) =>
      userIds.map((userId) => startTraffic(t, stores, userId)),
    ),
  )
  const proved = () => Promise.all(ears.map((ear) => ear.proved()))
  await proved()

  return {
    here,
    there,
    userIds,
    ears,
    traffic,
    proved,
    deafened: async (by) => {
      await proved()
      for (const ear of ears) ear.heard.length = 0
      await by()
      await Promise.all(ears.map((ear) => ear.until(() => ear.heard.includes('lost'))))
    },
    recovered: async (t, since) => {
      await Promise.all(traffic.map(({ works }) => works()))
      const failedAt = Math.max(...traffic.map(({ failedAt }) => failedAt))
      await proved()
      const took = { answers: failedAt - since, channel: ownTime() - since }
      t.comment(`ms after the promotion: ${JSON.stringify(took)}`)
      t.ok(took.answers < patience, 'the last failure was soon after the promotion')
      t.ok(took.channel < patience, 'and so was the proof of the channel')
    },
    coherent: async (t) => {
      const [, ear] = ears
      for (const userId of userIds) {
        const { sid } = await inShort(here).start(userId, { cap: 100 })
        t.match(await there.sessions.find(userId, sid), { session: { sid } })
        const from = ear?.heard.length
        const heard = ear?.until(() =>
          ear.heard.slice(from).some((what) => typeof what === 'string' || what.sid === sid),
        )
        t.equal(await here.sessions.end(userId, sid), 'ended')
        await heard
        t.equal(await there.sessions.find(userId, sid), undefined)
      }
    },
  }
}

/** An account on each master, in the order of the masters. */
export const onEachMaster = async (
  stores: Stores,
  { masters, homeOf }: RedisCluster,
): Promise<string[]> => {
  const found = new Map<number, string>()
  while (found.size < masters.length) {
    const { userId } = await inShort(stores).signedUp()
    found.set(await homeOf(keys.account(userId)), userId)
  }
  return masters.map((_, i) => found.get(i) ?? '')
}

/** Starts a session that the master's replica has, too, and its disk, when this resolves. */
export const startReplicated = async (
  stores: Stores,
  master: RedisServer,
  userId: string,
): Promise<string> => {
  const { sid } = await inShort(stores).start(userId, { cap: 100 })
  const raw = await master.connect()
  // A connection waits for what it has written itself, and so for all that was written before.
  await raw.set(`${keys.account(userId)}:mark`, sid)
  if ((await raw.wait(1, 5_000)) < 1) throw new Error('The replica does not follow')
  // Refused while the master is still writing a copy for its replica.
  await until('the master has it on disk', async () => (await raw.save()) === 'OK')
  return sid
}

/** Looks at a session that has ended, again and again, until told to stop or the test ends. */
export const watchEnded = (
  t: Pick<Test, 'teardown'>,
  all: Stores[],
  userId: string,
  sid: string,
): { stop: (t: Test) => Promise<void> } => {
  let stopped = false
  let looks = 0
  let seen = 0
  const watching = all.map(async ({ sessions }) => {
    while (!stopped) {
      const found = await sessions.find(userId, sid).catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error
      })
      looks += 1
      if (found) seen += 1
      await wait(2)
    }
  })
  const end = async () => {
    stopped = true
    await Promise.all(watching)
  }
  t.teardown(end)
  return {
    stop: async (t) => {
      await end()
      t.equal(seen, 0, `an ended session stays so, in ${looks} looks`)
    },
  }
}
