import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** In seconds; answers from the cache take less than a millisecond, sign-ins tens of them. */
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const hashBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
/** A command of the store fails after 800 ms. */
const storeBuckets = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

/** Other methods than these are one, so that a client can't make up labels. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

type Observe = (seconds: number) => void

/** How a value of several workers becomes one. */
export type Summing = 'sum' | 'min' | 'max' | 'average' | 'first'

/** The metrics of one app. Everything that may be a label is bounded: patterns, never URLs. */
export const createInstruments = () => {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: 'gatehouse_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer, by route pattern',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: requestBuckets,
    registers,
  })
  const hashes = new Histogram({
    name: 'gatehouse_password_hash_duration_seconds',
    help: 'Time of one argon2 hash or verification, without its wait in the queue',
    buckets: hashBuckets,
    registers,
  })
  const operations = new Histogram({
    name: 'gatehouse_store_operation_duration_seconds',
    help: 'Time of one operation of the store, failed ones included',
    labelNames: ['operation'] as const,
    buckets: storeBuckets,
    registers,
  })
  const failures = new Counter({
    name: 'gatehouse_store_failures_total',
    help: 'Operations that failed because the store was not available',
    labelNames: ['operation'] as const,
    registers,
  })

  /** Made once each, so that a request costs three look-ups and no labels of its own. */
  const handles = new Map<string, Map<string, Map<number, Observe>>>()
  const handle = (route: string, method: string, status: number): Observe => {
    const byMethod = handles.get(route) ?? new Map<string, Map<number, Observe>>()
    const known = methods.has(method) ? method : 'other'
    const byStatus = byMethod.get(known) ?? new Map<number, Observe>()
    const { observe } = requests.labels(known, route.replace(/(.)\/$/, '$1'), String(status))
    handles.set(route, byMethod.set(known, byStatus.set(status, observe)))
    return observe
  }

  return {
    registry,

    /** Notes one answered request. Costs under a microsecond. */
    requested: (route: string, method: string, status: number, seconds: number): void => {
      const observe = handles.get(route)?.get(method)?.get(status) ?? handle(route, method, status)
      observe(seconds)
    },

    /** Notes one password hash. */
    hashed: (milliseconds: number): void => hashes.observe(milliseconds / 1000),

    /** Two notes for one operation of the store, which shows from now on, if only as zero. */
    operation: (operation: string) => {
      operations.zero({ operation })
      const { observe } = operations.labels(operation)
      const failed = failures.labels(operation)
      failed.inc(0)
      return {
        done: (milliseconds: number) => observe(milliseconds / 1000),
        failed: () => failed.inc(),
      }
    },

    /** A value that is read when somebody asks; left out where there is none. */
    gauge: (
      name: string,
      help: string,
      read: () => number | undefined | Promise<number | undefined>,
      aggregator: Summing = 'sum',
    ): void => {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers,
        aggregator,
        collect: async () => {
          const value = await read()
          if (value === undefined) gauge.remove()
          else gauge.set(value)
        },
      })
    },

    /** A sum that somebody else counts, read when somebody asks. */
    total: (name: string, help: string, read: () => number): void => {
      const counter: Counter = new Counter({
        name,
        help,
        registers,
        collect: () => {
          counter.reset()
          counter.inc(read())
        },
      })
    },

    /** The same for several, told apart by one label. */
    totals: (
      name: string,
      help: string,
      label: string,
      read: () => Iterable<readonly [string, number]>,
    ): void => {
      const counter: Counter = new Counter({
        name,
        help,
        labelNames: [label],
        registers,
        collect: () => {
          counter.reset()
          for (const [value, count] of read()) counter.labels(value).inc(count)
        },
      })
    },

    /** A fact in labels, whose value is 1. */
    fact: (name: string, help: string, labels: Record<string, string>): void => {
      const gauge = new Gauge({
        name,
        help,
        labelNames: Object.keys(labels),
        registers,
        aggregator: 'first',
      })
      gauge.set(labels, 1)
    },
  }
}

export type Instruments = ReturnType<typeof createInstruments>
