import { EventEmitter, once } from 'node:events'
import type { Test } from 'tap'
import { openRedis } from '../../src/redis/index.js'
import type { Stores } from '../../src/stores.js'

export interface Opened {
  stores: Stores
  /** What happened to the connection, in order: 'connected', 'lost' and the texts of warnings. */
  events: string[]
  /** The failures that 'lost' came with. */
  causes: (Error | undefined)[]
  /** Resolves when this happens next. */
  next: (event: 'connected' | 'lost' | 'warning') => Promise<void>
}

/** Opens Redis as an instance does, and does not wait for it. Closed when the test ends. */
export const dial = (
  t: Pick<Test, 'teardown'>,
  { url, keyPrefix = 'gh:' }: { url: string; keyPrefix?: string },
): Opened => {
  const emitter = new EventEmitter()
  const events: string[] = []
  const causes: (Error | undefined)[] = []
  const note = (name: string, text = name): void => {
    events.push(text)
    emitter.emit(name)
  }
  const stores = openRedis(
    { url, keyPrefix },
    {
      connected: () => note('connected'),
      lost: (cause) => {
        causes.push(cause)
        note('lost')
      },
      warning: (message) => note('warning', message),
    },
  )
  t.teardown(() => stores.close())
  return {
    stores,
    events,
    causes,
    next: async (event) => {
      await once(emitter, event)
    },
  }
}

/** The same, and waits until it is connected. */
export const open = async (...args: Parameters<typeof dial>): Promise<Opened> => {
  const opened = dial(...args)
  await opened.next('connected')
  return opened
}
