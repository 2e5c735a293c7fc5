import { type OneTimeToken, voidMs } from '../accounts/recovery-store.js'
import type { Environment } from './environment.js'
import { openExpiring } from './expiring.js'

/** One-time tokens by account and purpose, and when all of an account's were made void. */
export const onceTable = (environment: Environment, clock: () => number) => {
  const table = openExpiring<OneTimeToken | { droppedAt: number }>(environment, 'once', clock)
  return {
    ...table,
    /** Makes all of an account's tokens void, also those that a mail asked for before may yet bring. */
    drop: (userId: string): void => {
      table.removeAll(userId)
      table.put([userId, 'dropped'], { droppedAt: clock() }, clock() + voidMs)
    },
  }
}
export type OnceTable = ReturnType<typeof onceTable>
