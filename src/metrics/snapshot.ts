import { AggregatorRegistry, Registry } from 'prom-client'

/** All values of one process, as they travel between processes. */
export type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** The content type of Prometheus' text form. */
export const { PROMETHEUS_CONTENT_TYPE: contentType } = Registry

/** What several processes have measured, as one: each metric says whether it is summed or what else. */
const together = (snapshots: Snapshot[]): Registry => AggregatorRegistry.aggregate(snapshots)

/** All of them in Prometheus' text form. */
export const textOf = (snapshots: Snapshot[]): Promise<string> => together(snapshots).metrics()

/**
 * What goes on counting when the processes behind it have ended: their counts are still true, their state is
 * not. A sum that fell with a worker would look like a restart to Prometheus, and so like new requests.
 */
export const countsOf = async (snapshots: Snapshot[]): Promise<Snapshot> => {
  const all = await together(snapshots).getMetricsAsJSON()
  // The library's types say `type` is a number; it is the word of the text form.
  return all.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))
}
