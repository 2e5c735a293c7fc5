import { StoreUnavailable } from './errors.js'
import type { Stores } from './stores.js'

/** Told how long an operation took, in milliseconds, and whether the store was away. */
export interface OperationNotes {
  done: (milliseconds: number) => void
  failed: () => void
  /** Called when it begins; what it answers, if anything, when it has ended. */
  begin?: () => ((failed: boolean) => void) | undefined
}

type Method = (...args: unknown[]) => unknown

const isMethod = (member: unknown): member is Method => typeof member === 'function'

const measuredMethod =
  (method: Method, { done, failed, begin }: OperationNotes): Method =>
  (...args) => {
    const start = performance.now()
    const reply = method(...args)
    if (!(reply instanceof Promise)) return reply
    const end = begin?.()
    const note = (isFailure: boolean) => {
      done(performance.now() - start)
      if (isFailure) failed()
      end?.(isFailure)
    }
    return reply.then(
      (result: unknown) => {
        note(false)
        return result
      },
      (error: unknown) => {
        note(error instanceof StoreUnavailable)
        throw error
      },
    )
  }

const measuredPort = <Port extends object>(
  name: string,
  port: Port,
  note: (operation: string) => OperationNotes,
): Port =>
  // It has the members of the port, each of the same type.
  Object.fromEntries(
    Object.entries(port).map(([key, member]) => [
      key,
      isMethod(member) ? measuredMethod(member, note(`${name}.${key}`)) : member,
    ]),
  ) as Port

/** Not an operation: asked at every request, in memory. */
const unmeasured = new Set(['invalidations', 'exchange'])

/** The same store, which tells of each operation by its name, such as `sessions.find`. */
export const measureStores = (
  stores: Stores,
  note: (operation: string) => OperationNotes,
): Stores => {
  const ports = Object.entries(stores).map(([name, port]) => [
    name,
    typeof port === 'object' && !unmeasured.has(name) ? measuredPort(name, port, note) : port,
  ])
  const { exchange } = stores
  return {
    ...stores,
    ...Object.fromEntries(ports),
    ping: measuredMethod(stores.ping, note('ping')),
    ...(exchange && {
      exchange: {
        counters: measuredPort('counters', exchange.counters, note),
        activity: measuredPort('activity', exchange.activity, note),
      },
    }),
  }
}
