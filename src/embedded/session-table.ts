import type { Session } from '../sessions/session.js'
import type { Environment } from './environment.js'
import { openExpiring } from './expiring.js'

/** Sessions by account and id; `clock` is in milliseconds since 1970. */
export const sessionTable = (environment: Environment, clock: () => number) =>
  openExpiring<Session>(environment, 'sessions', clock)
export type SessionTable = ReturnType<typeof sessionTable>
