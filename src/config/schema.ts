import { type Static, Type } from '@sinclair/typebox'
import { abuse } from './groups/abuse.js'
import { accounts } from './groups/accounts.js'
import { browsers } from './groups/browsers.js'
import { mail } from './groups/mail.js'
import { passwords } from './groups/passwords.js'
import { resilience } from './groups/resilience.js'
import { serving } from './groups/serving.js'
import { store } from './groups/store.js'
import { tokens } from './groups/tokens.js'
import { watching } from './groups/watching.js'
import type { VariableSchema } from './variables.js'

/** The variables by what they are about; the titles are headings of docs/configuration.md. */
export const groups: readonly [title: string, variables: Record<string, VariableSchema>][] = [
  ['Serving', serving],
  ['Store and processes', store],
  ['Tokens and sessions', tokens],
  ['Browsers', browsers],
  ['Limits, lockout and anomalies', abuse],
  ['Passwords', passwords],
  ['Cache, outages and load', resilience],
  ['Watching', watching],
  ['Mail', mail],
  ['Accounts', accounts],
]

/**
 * Every variable that Gatehouse knows: this table is what reads the environment, what checks it, what
 * types it, and what docs/configuration.md is made from.
 */
export const ConfigSchema = Type.Object(
  {
    ...serving,
    ...store,
    ...tokens,
    ...browsers,
    ...abuse,
    ...passwords,
    ...resilience,
    ...watching,
    ...mail,
    ...accounts,
  },
  { additionalProperties: false },
)

/** The configuration as the server uses it: times in milliseconds, absent where optional and unset. */
export type Config = Static<typeof ConfigSchema>

/** The table row by row. */
export const variables: readonly [name: string, variable: VariableSchema][] = Object.entries(
  ConfigSchema.properties,
)

/** The variables that always have a value: by default, or because the server won't start without. */
export const mandatory: ReadonlySet<string> = new Set(ConfigSchema.required)
