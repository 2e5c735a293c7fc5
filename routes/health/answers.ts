import { type TObject, Type } from '@sinclair/typebox'
import { version } from '../../src/version.js'
import { isoTime } from '../present.js'
import { Success, success, Time } from '../schemas.js'

/** What `/health` tells of the store. */
export const StoreState = Type.Union([
  Type.Literal('ok'),
  Type.Literal('channel_lost'),
  Type.Literal('unavailable'),
])

/** What the two routes that tell something have in common. */
export const Health = Type.Object({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
  timestamp: Time('Now'),
  uptime: Type.Number({ description: 'Seconds since the process started' }),
  version: Type.String(),
})

/** Its values. */
export const healthNow = (isWell: boolean) => ({
  status: isWell ? ('ok' as const) : ('degraded' as const),
  timestamp: isoTime(Date.now()),
  uptime: process.uptime(),
  version,
})

/** The envelope, with the members of `data` beside it too: monitors look for `status` at the top. */
export const Flat = <Data extends TObject>(data: Data) =>
  Type.Composite([Success(data), data], { description: 'Done' })

/** An answer of that form. */
export const flat = <Data extends object>(message: string, data: Data) => ({
  ...success(message, data),
  ...data,
})
