import type { Activity } from './anomaly-rules.js'

/** Activity by age instead of time: instances' clocks do not matter, and what is told ages by itself. */
export interface SharedActivity {
  slices: [ageMs: number, requests: number, failures: number][]
  routes: [route: number, ageMs: number][]
}

const sliceMs = 2_000
/**
 * Slices that count: with the present one, which has only begun, all that is at most 58 seconds old and
 * nothing that is older than a minute.
 */
const slices = 30

interface Slice {
  number: number
  requests: number
  failures: number
}

/** What a client did here, or elsewhere: at most 30 slices, and so many routes as the rule can count. */
export interface Deeds {
  /** The slice in which it was last seen to that nothing is kept for longer than it counts. */
  prunedAt: number
  slices: Slice[]
  /** The sums of the slices. */
  requests: number
  failures: number
  /** Each route with the slice in which it was last asked for. */
  routes: Map<number, number>
}

const present = (): number => Math.floor(Date.now() / sliceMs)

/** Of a client that has done nothing yet. */
export const noDeeds = (): Deeds => ({
  prunedAt: 0,
  slices: [],
  requests: 0,
  failures: 0,
  routes: new Map(),
})

/** FNV-1a, 32 bits: what of a route has to be remembered to know it again. */
const routeNumber = (route: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < route.length; i += 1) {
    hash = Math.imul(hash ^ route.charCodeAt(i), 0x01000193)
  }
  return hash >>> 0
}

const addTo = (deeds: Deeds, slice: Slice, requests: number, failures: number): void => {
  slice.requests += requests
  slice.failures += failures
  deeds.requests += requests
  deeds.failures += failures
}

/** Forgets what is more than a minute old; and what is yet to come, after a clock was put back. */
export const prune = (deeds: Deeds): void => {
  const now = present()
  if (deeds.prunedAt === now) return
  deeds.prunedAt = now
  const counts = (number: number) => number > now - slices && number <= now
  for (const slice of deeds.slices) {
    if (!counts(slice.number)) addTo(deeds, slice, -slice.requests, -slice.failures)
  }
  deeds.slices = deeds.slices.filter(({ number }) => counts(number))
  for (const [route, number] of deeds.routes) if (!counts(number)) deeds.routes.delete(route)
}

/** One of a client's slices. There are no more than a minute has, once `prune` has seen them. */
const sliceOf = (deeds: Deeds, number: number): Slice => {
  const latest = deeds.slices.at(-1)
  if (latest?.number === number) return latest
  const known = deeds.slices.find((slice) => slice.number === number)
  if (known !== undefined) return known
  const slice = { number, requests: 0, failures: 0 }
  deeds.slices.push(slice)
  return slice
}

/** Counts a request now. */
export const countRequest = (deeds: Deeds): void => addTo(deeds, sliceOf(deeds, present()), 1, 0)

/** Counts a refused authentication now. */
export const countFailure = (deeds: Deeds): void => addTo(deeds, sliceOf(deeds, present()), 0, 1)

const putRoute = ({ routes }: Deeds, route: number, number: number, max: number): void => {
  if (routes.size <= max || routes.has(route)) routes.set(route, number)
}

/** Keeps that a route was asked for now. One past `max` tells that it is exceeded; more tell nothing. */
export const keepRoute = (deeds: Deeds, route: string, max: number): void =>
  putRoute(deeds, routeNumber(route), present(), max)

/** What was done here and elsewhere together. */
export const totalOf = (here: Deeds, elsewhere: Deeds): Activity => {
  let routes = here.routes.size
  for (const route of elsewhere.routes.keys()) if (!here.routes.has(route)) routes += 1
  return {
    requests: here.requests + elsewhere.requests,
    failures: here.failures + elsewhere.failures,
    routes,
  }
}

/** As it is told to other instances. */
export const toAges = ({ slices, routes }: Deeds): SharedActivity => {
  const now = Date.now()
  const ageOf = (number: number) => now - number * sliceMs
  return {
    slices: slices.map((one) => [ageOf(one.number), one.requests, one.failures]),
    routes: [...routes].map(([route, number]) => [route, ageOf(number)]),
  }
}

/** What others have told, in slices of our own. */
export const fromAges = (told: SharedActivity, routesMax: number): Deeds => {
  const deeds = noDeeds()
  // The others' slices may begin at other times than ours.
  const numberOf = (ageMs: number) =>
    Math.min(present(), Math.round((Date.now() - ageMs) / sliceMs))
  for (const [ageMs, requests, failures] of told.slices) {
    addTo(deeds, sliceOf(deeds, numberOf(ageMs)), requests, failures)
  }
  for (const [route, ageMs] of told.routes) putRoute(deeds, route, numberOf(ageMs), routesMax)
  return deeds
}
