import { attackers } from './attackers.js'
import { people, rush } from './people.js'
import { createRandom } from './random.js'

const browsers = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
]

/** What a browser sends of itself; attackers pass for browsers too. */
const headersBy =
  (/** @type {import('./random.js').Random} */ random) =>
  (/** @type {string | undefined} */ browser = undefined) => ({
    'user-agent': browser === undefined ? random.pick(browsers) : browsers[0],
    accept: 'application/json',
    'accept-language': 'en',
    'accept-encoding': 'gzip, br',
  })

/** Everybody who takes part: 328 people and 141 attackers, or a share of each kind. */
export const scenario = (seed = 1, scale = 1) => {
  const random = createRandom(seed)
  const headers = headersBy(random)
  return [...people(random, headers, scale), ...attackers(random, headers, scale)]
}

/** An office that signs in with passwords, all within so many milliseconds. */
export const officeRush = (/** @type {number} */ within, seed = 1) => {
  const random = createRandom(seed)
  return rush(random, headersBy(random), within)
}

/** Variables under which the layers beside the anomaly rules stop nobody. */
export const anomalyAlone = {
  RATE_LIMIT_MAX_REQUESTS: '1000000',
  AUTH_RATE_LIMIT_MAX: '1000000',
  LOCKOUT_TIERS: '1000000:1s',
  ACCOUNT_FAILURE_MAX: '1000000',
}

/** What is not measured, and would only take time or depend on it. */
export const outOfTheWay = {
  ARGON2_MEMORY_KIB: '64',
  ARGON2_TIME_COST: '1',
  PRESSURE_MAX_EVENT_LOOP_DELAY_MS: 'off',
}

/** How well clients were told apart: a person who was stopped is a false alarm, an attacker who was not a miss. */
export const judge = (/** @type {import('./run.js').Outcome[]} */ clients) => {
  const count = (/** @type {(one: import('./run.js').Outcome) => boolean} */ is) =>
    clients.filter(is).length
  const caught = count(({ isAttack, refused }) => isAttack && refused > 0)
  const missed = count(({ isAttack, refused }) => isAttack && refused === 0)
  const alarms = count(({ isAttack, refused }) => !isAttack && refused > 0)
  return {
    clients: clients.length,
    accuracy: 1 - (missed + alarms) / clients.length,
    precision: caught / Math.max(1, caught + alarms),
    recall: caught / Math.max(1, caught + missed),
    alarms,
    missed,
    signedInRefused: count(({ isAttack, refusedInSession }) => !isAttack && refusedInSession > 0),
  }
}
