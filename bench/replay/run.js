/**
 * Plays what people and attackers do against the real app: its routes, rules, counters and store, by a clock
 * that jumps from one request to the next. So a quarter of an hour takes seconds, and every run is the same.
 */

/**
 * One request of an actor, so long after the answer to the one before.
 * @typedef {{ after?: number, method?: 'GET' | 'POST', url: string, body?: object, from?: string }} Step
 * What the actor is told.
 * @typedef {{ status: number, code: string | undefined, waitMs: number }} Told
 * @typedef {Generator<Step, void, Told>} Script
 * @typedef {{ email: string, password: string, name: string }} Account
 * Somebody with one browser. `client` is what has to be told apart: attackers that work together are one.
 * @typedef {{
 *   kind: string,
 *   isAttack: boolean,
 *   client: string,
 *   address: string,
 *   headers: Record<string, string>,
 *   startsAt: number,
 *   account?: Account,
 *   arrives?: 'signed in' | 'known',
 *   script: (account: Account) => Script,
 * }} Actor
 * @typedef {{
 *   client: string, kind: string, isAttack: boolean, requests: number, checks: number, refused: number,
 *   refusals: Record<string, number>, flagged: boolean, refusedInSession: number,
 * }} Outcome
 */

/** The answers by which the layers of protection stop somebody. */
const refusals = new Set([
  'SUSPICIOUS_ACTIVITY_BLOCKED',
  'AUTH_RATE_LIMIT_EXCEEDED',
  'RATE_LIMIT_EXCEEDED',
  'ACCOUNT_LOCKED',
])

/** A clock that stands still unless it is set. Takes effect on what is started after it. */
export const installClock = (/** @type {number} */ start) => {
  const system = Date.now
  let now = start
  Date.now = () => now
  return {
    set: (/** @type {number} */ time) => {
      now = Math.max(now, time)
    },
    uninstall: () => {
      Date.now = system
    },
  }
}

/** The cookies of one browser. */
const createJar = () => {
  /** @type {Map<string, { value: string, path: string, end: number }>} */
  const cookies = new Map()
  return {
    keep: (
      /** @type {{ name: string, value: string, path?: string, maxAge?: number }[]} */ set,
    ) => {
      for (const { name, value, path = '/', maxAge = 1e9 } of set) {
        cookies.set(name, { value, path, end: Date.now() + maxAge * 1000 })
      }
    },
    /** What it sends to a URL. */
    header: (/** @type {string} */ url) =>
      [...cookies]
        .filter(([, { path, end }]) => end > Date.now() && url.startsWith(path))
        .map(([name, { value }]) => `${name}=${value}`)
        .join('; '),
    hasSession: () =>
      [...cookies].some(([name, { end }]) => name.endsWith('_token') && end > Date.now()),
    signOut: () => {
      for (const name of cookies.keys()) if (name.endsWith('_token')) cookies.delete(name)
    },
  }
}

/** @typedef {{ inject: (request: any) => Promise<any> }} App */

const createBrowser = (/** @type {App} */ app, /** @type {Actor} */ actor) => {
  const jar = createJar()
  const send = async (/** @type {Step} */ { method = 'GET', url, body, from = actor.address }) => {
    const cookie = jar.header(url)
    const answer = await app.inject({
      method,
      url,
      remoteAddress: from,
      headers: {
        ...actor.headers,
        ...(cookie && { cookie }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { payload: JSON.stringify(body) }),
    })
    jar.keep(answer.cookies)
    return answer
  }
  return { jar, send }
}

/** Signs those up, a day before, who have an account at the beginning. */
const prepare = async (
  /** @type {App} */ app,
  /** @type {Actor[]} */ actors,
  /** @type {{ set: (time: number) => void }} */ clock,
) => {
  const browsers = new Map()
  const known = new Set()
  let home = 0
  for (const actor of actors) {
    const browser = createBrowser(app, actor)
    browsers.set(actor, browser)
    if (actor.account === undefined || known.has(actor.account.email)) continue
    known.add(actor.account.email)
    home += 1
    const from = `100.64.${home >> 8}.${home & 255}`
    const step = { url: '/api/auth/register', body: actor.account, from }
    const { statusCode, body } = await browser.send({ ...step, method: 'POST' })
    if (statusCode !== 201) throw new Error(`Signing up answered ${body}`)
    if (actor.arrives !== 'signed in') browser.jar.signOut()
    // Who guesses at somebody else's account has no browser of theirs.
    if (actor.isAttack) browsers.set(actor, createBrowser(app, actor))
  }
  clock.set(Date.now() + 20 * 60 * 60_000)
  return browsers
}

/** What is asked of the app in the order of time; those of one moment in the order of their beginning. */
const createAgenda = () => {
  /** @type {{ at: number, number: number, go: () => Promise<void> }[]} */
  const list = []
  let number = 0
  return {
    add: (/** @type {number} */ at, /** @type {() => Promise<void>} */ go) => {
      number += 1
      const entry = { at, number, go }
      let low = 0
      let high = list.length
      while (low < high) {
        const middle = (low + high) >> 1
        if ((list[middle]?.at ?? 0) > at) low = middle + 1
        else high = middle
      }
      list.splice(low, 0, entry)
    },
    next: () => list.pop(),
  }
}

/** Plays it; answers what became of each client. */
export const play = async (
  /** @type {App} */ app,
  /** @type {Actor[]} */ actors,
  /** @type {{ set: (time: number) => void }} */ clock,
) => {
  const browsers = await prepare(app, actors, clock)
  const start = Date.now()
  const agenda = createAgenda()
  /** @type {Map<string, Outcome>} */
  const clients = new Map()
  const recordOf = (/** @type {Actor} */ { client, kind, isAttack }) => {
    const known = clients.get(client)
    if (known !== undefined) return known
    const counts = { requests: 0, checks: 0, refused: 0, refusals: {}, refusedInSession: 0 }
    /** @type {Outcome} */
    const record = { client, kind, isAttack, flagged: false, ...counts }
    clients.set(client, record)
    return record
  }

  const follow = (
    /** @type {Actor} */ actor,
    /** @type {Script} */ script,
    /** @type {IteratorResult<Step, void>} */ { value: step, done },
    /** @type {number} */ now,
  ) => {
    if (done || !step) return
    agenda.add(now + (step.after ?? 0), async () => {
      const { jar, send } = browsers.get(actor)
      const record = recordOf(actor)
      const isSignedIn = jar.hasSession()
      const answer = await send(step)
      const { code } = answer.json()
      record.requests += 1
      if (answer.headers['x-security-check'] === 'FLAGGED') record.flagged = true
      if (code === 'INVALID_CREDENTIALS') record.checks += 1
      if (refusals.has(code)) {
        record.refused += 1
        record.refusals[code] = (record.refusals[code] ?? 0) + 1
        if (isSignedIn) record.refusedInSession += 1
      }
      const waitMs = Number(answer.headers['retry-after'] ?? 0) * 1000
      follow(actor, script, script.next({ status: answer.statusCode, code, waitMs }), Date.now())
    })
  }

  for (const actor of actors) {
    const nobody = { email: 'nobody@example.com', password: '', name: '' }
    const script = actor.script(actor.account ?? nobody)
    // A generator begins with its first step.
    agenda.add(start + actor.startsAt, async () => follow(actor, script, script.next(), Date.now()))
  }
  for (let entry = agenda.next(); entry; entry = agenda.next()) {
    clock.set(entry.at)
    await entry.go()
  }
  return [...clients.values()]
}
