/** What a client has done within the last minute. */
export interface Activity {
  requests: number
  /** Distinct route patterns; every unknown URL is one of its own. */
  routes: number
  /** Authentications that were refused; a missing or expired token is none. */
  failures: number
}

/** What a request says of its client. */
export interface Appearance {
  userAgent: string
  /** Whether it has any of Accept, Accept-Language and Accept-Encoding. */
  hasAcceptHeaders: boolean
}

/** What one client may do within a minute: requests, distinct routes, refused authentications. */
export interface AnomalyRules {
  requestsMax: number
  routesMax: number
  failuresMax: number
}

/** How sure the rules are: a high one is blocked, a medium one only marked. */
export type Anomaly = 'none' | 'medium' | 'high'

/** A session is one person: it may do as many times more than an address, behind which there may be many. */
const sessionFactor = 10
/** Many routes in few requests is how a page starts. */
const routesAfter = 20
/** Headers are judged from here on: some honest first requests lack them. */
const headersAfter = 5

const automation = /bot|crawler|spider|scraper|curl|wget|python|postman/i

/** As many User-Agents as are remembered: those of people are few, and the search costs more than the rest. */
const userAgentsMax = 1_000
const userAgents = new Map<string, boolean>()

const isAutomation = (userAgent: string): boolean => {
  const known = userAgents.get(userAgent)
  if (known !== undefined) return known
  const verdict = automation.test(userAgent)
  if (userAgents.size === userAgentsMax) userAgents.clear()
  userAgents.set(userAgent, verdict)
  return verdict
}

/** Judges a client by the last minute. Pure: the same activity and appearance give the same verdict. */
export const judgeActivity = (
  activity: Activity,
  appearance: Appearance,
  rules: AnomalyRules,
  hasSession: boolean,
): Anomaly => {
  const factor = hasSession ? sessionFactor : 1
  if (activity.requests > rules.requestsMax * factor) return 'high'
  const roams = activity.routes > rules.routesMax && activity.requests > routesAfter
  if (roams && !hasSession) return 'high'
  if (activity.failures > rules.failuresMax) return 'high'
  if (isAutomation(appearance.userAgent)) return 'medium'
  if (!appearance.hasAcceptHeaders && activity.requests > headersAfter) return 'medium'
  return 'none'
}

/** Whether a client has done half of what makes it stand out: the other instances should know before it comes. */
export const isHalfway = (
  { requests, routes, failures }: Activity,
  rules: AnomalyRules,
  hasSession: boolean,
): boolean =>
  requests * 2 > rules.requestsMax * (hasSession ? sessionFactor : 1) ||
  failures * 2 > rules.failuresMax ||
  (!hasSession && routes * 2 > rules.routesMax && requests * 2 > routesAfter)
