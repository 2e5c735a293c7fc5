import { cpuOf, memoryOf } from './processes.js'

export const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = Math.floor(at)
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low)
}
export const median = (values) => quantile(values, 0.5)
export const spread = (values) => ({
  q1: quantile(values, 0.25),
  median: median(values),
  q3: quantile(values, 0.75),
})

/** One round: the load, and the processor time that the server took for it. */
export const round = async (load, { server, ...what }) => {
  let before = 0
  const result = await load.run({ port: server.port, ...what }, () => {
    before = cpuOf(server.pid)
  })
  const cpu = (cpuOf(server.pid) - before) / result.requests
  return { ...result, cpu, memory: memoryOf(server.pid) }
}

const isGood = ({ statuses, failures }) =>
  failures === 0 && Object.keys(statuses).every((status) => status < 300)

/** As often as a round is tried that the machine had no time for: the store then answers too late. */
const triesMax = 4

/** A round with nothing but successes: anything else makes it worthless. */
export const goodRound = async (load, target) => {
  for (let tries = 1; ; tries += 1) {
    const result = await round(load, target)
    if (isGood(result)) return result
    if (tries < triesMax) continue
    const { statuses, failures, sample } = result
    throw new Error(`${JSON.stringify(statuses)}, ${failures} broken, such as\n${sample}`)
  }
}

/**
 * Paired rounds: every target in turn, again and again, so that whatever the machine does meanwhile it does
 * to all of them. The first of the targets is what the others are compared with, round by round.
 */
export const paired = async (
  load,
  targets,
  { rounds, seconds, connections, tell = () => {}, warmUp = 3 },
) => {
  const seen = new Map(targets.map(({ name }) => [name, []]))
  // Long enough for the compiler to have seen what it will see.
  for (const target of targets) await round(load, { connections, seconds: warmUp, ...target })
  for (let number = 1; number <= rounds; number += 1) {
    for (const target of targets) {
      const result = await goodRound(load, { connections, seconds, ...target })
      seen.get(target.name).push(result)
    }
    tell(`round ${number} of ${rounds}`)
  }
  const [base] = seen.values()
  return Object.fromEntries(
    [...seen].map(([name, results]) => [
      name,
      {
        rate: spread(results.map(({ rate }) => rate)),
        ratio: spread(results.map(({ rate }, at) => rate / base[at].rate)),
        cpu: spread(results.map(({ cpu }) => cpu)),
        p50: median(results.map(({ p50 }) => p50)),
        p99: median(results.map(({ p99 }) => p99)),
        memory: results.at(-1).memory,
        requests: results.reduce((sum, { requests }) => sum + requests, 0),
      },
    ]),
  )
}
