import { setTimeout } from 'node:timers/promises'
import { emailRule } from '../accounts/rules.js'
import { loadConfig, readEnvironment } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { createRecorder } from '../events/recorder.js'
import type { Emit, Origin } from '../events/security-event.js'
import { randomId } from '../ids.js'
import { openStores } from '../open-stores.js'
import type { StoreIncompatible } from '../store-format.js'
import type { Stores } from '../stores.js'
import { CommandFailure, exitCodes } from './failure.js'
import { note } from './output.js'

/** How long a command waits for the store, in milliseconds. */
const patience = 5_000
const retryAfter = 100

/** What a command works with. */
export interface Desk {
  config: Config
  stores: Stores
  /** Keeps a security event of what the command does. */
  emit: Emit
  /** Where its events come from. */
  origin: Origin
}

const untilThere = async (stores: Stores, refusal: () => Error | undefined): Promise<void> => {
  const late = performance.now() + patience
  for (;;) {
    try {
      return await stores.ping()
    } catch (error) {
      const refused = refusal()
      if (refused !== undefined) throw refused
      if (performance.now() > late) throw error
      await setTimeout(retryAfter)
    }
  }
}

/**
 * Runs a command on the configured store: the servers' own, so that they hear of what it changes. Throws
 * `ConfigError`, `StoreLocked`, `StoreIncompatible`, `StoreUnavailable`, `CommandFailure`.
 */
export const withStores = async (work: (desk: Desk) => Promise<void>): Promise<void> => {
  const config = loadConfig(readEnvironment())
  let refused: StoreIncompatible | undefined
  const stores = await openStores(config, {
    connected: () => {},
    lost: () => {},
    warning: note,
    incompatible: (error) => {
      refused = error
    },
  })
  const recorder = createRecorder(stores.events)
  const origin = { requestId: randomId(), ip: '', userAgent: 'gatehouse command line' }
  const emit: Emit = (type, from, details) =>
    recorder.record({ type, time: Date.now(), ...from, ...details })
  try {
    await untilThere(stores, () => refused)
    await work({ config, stores, emit, origin })
  } finally {
    await recorder.close()
    const { waiting, dropped } = recorder.stats()
    await stores.close()
    if (waiting + dropped > 0) note('Not all security events of this command could be stored')
  }
}

/** Whom an argument names, by email or by id. */
export const findAccount = async ({ stores: { accounts } }: Desk, who: string) => {
  const ruled = emailRule(who)
  const account =
    'value' in ruled ? await accounts.findByEmail(ruled.value) : await accounts.findById(who)
  if (account !== undefined) return account
  throw new CommandFailure(exitCodes.failure, `There is no account ${JSON.stringify(who)}`)
}
