/** What people do, by kind. Nobody of them should be stopped. */

/**
 * @typedef {import('./run.js').Actor} Actor
 * @typedef {import('./run.js').Account} Account
 * @typedef {import('./run.js').Script} Script
 * @typedef {import('./run.js').Step} Step
 * @typedef {import('./random.js').Random} Random
 */

const second = 1_000
const minute = 60 * second

const reads = ['/api/auth/session', '/api/profile', '/api/auth/sessions']
/** @returns {Step} */
const post = (/** @type {string} */ url, /** @type {object | undefined} */ body, after = 0) => ({
  method: 'POST',
  url,
  after,
  ...(body && { body }),
})
const signIn = (/** @type {Account} */ { email, password }, after = 0) =>
  post('/api/auth/login', { email, password }, after)
const wrong = (/** @type {Account} */ { email }, /** @type {string} */ password, after = 0) =>
  signIn({ email, password, name: '' }, after)
/**
 * What a page asks when it is opened, as examples/spa/auth.js does it; answers whether somebody is signed in.
 * @returns {Generator<Step, boolean, import('./run.js').Told>}
 */
function* open(after = 0) {
  const { status } = yield/** @type {Step} */ ({ url: '/api/auth/session', after })
  if (status !== 401) return true
  return (yield post('/api/auth/refresh', undefined, 20)).status === 200
}

/** The kinds of people, as scripts. */
const scripts = (/** @type {Random} */ { between, chance, pick }) => {
  /** Asks for so much, some at once as a page does. */
  function* look(/** @type {number} */ times, /** @type {string | undefined} */ from = undefined) {
    for (let i = 0; i < times; i += 1) {
      const after = i % 4 === 0 ? between(2, 30) * second : between(5, 60)
      const { status } = yield { url: pick(reads), after, ...(from && { from }) }
      if (status === 401) yield post('/api/auth/refresh', undefined, 20)
    }
  }

  return {
    /** Signs in, opens pages, signs out or leaves. @returns {Script} */
    *visitor(/** @type {Account} */ account) {
      if (!(yield* open())) yield signIn(account, between(3, 20) * second)
      yield* look(between(8, 30))
      for (let reload = between(0, 4); reload > 0; reload -= 1) {
        yield* open(between(1, 3) * second)
        yield* look(3)
      }
      if (chance(0.3)) yield post('/api/auth/logout', undefined, 5 * second)
    },
    /** Comes back to the form again and again, without signing in. @returns {Script} */
    *undecided() {
      for (let load = between(2, 8); load > 0; load -= 1) yield* open(between(2, 15) * second)
    },
    /** One of many behind one address, at a desk. @returns {Script} */
    *colleague(/** @type {Account} */ account) {
      if (!(yield* open())) yield signIn(account, between(3, 20) * second)
      for (let page = 0; page < 14; page += 1) {
        yield { url: pick(reads), after: between(8, 40) * second }
        for (let i = between(1, 4); i > 0; i -= 1) yield { url: pick(reads), after: between(5, 80) }
      }
    },
    /** A telephone between two networks that asks again what was not answered in time. @returns {Script} */
    *traveller(/** @type {Account} */ account) {
      const networks = Array.from({ length: 6 }, () => `10.${between(0, 255)}.${between(0, 255)}.7`)
      if (!(yield* open())) yield signIn(account, between(3, 20) * second)
      for (const from of networks) {
        for (let again = between(1, 3); again > 0; again -= 1) {
          yield { ...post('/api/auth/refresh', undefined, 800), from }
        }
        yield* look(between(3, 8), from)
      }
    },
    /** Whose password manager sends a password of before, twice. @returns {Script} */
    *managed(/** @type {Account} */ account) {
      yield* open()
      yield wrong(account, 'Former-Onion-30', 2 * second)
      yield wrong(account, 'Former-Onion-30', between(300, 900))
      yield signIn(account, between(15, 40) * second)
      yield* look(between(5, 15))
    },
    /** Who mistypes thrice, then gets it right; and waits as told, if that is what it takes. @returns {Script} */
    *clumsy(/** @type {Account} */ account) {
      yield* open()
      for (const slip of ['Glass-onion-31', 'Glass-Onion-32', 'Glas-Onion-31']) {
        yield wrong(account, slip, between(8, 20) * second)
      }
      const { status, waitMs } = yield signIn(account, between(10, 30) * second)
      if (status === 423) yield signIn(account, waitMs)
      yield* look(6)
    },
    /** A script of somebody's own, signed in, that asks for news. @returns {Script} */
    *automated(/** @type {Account} */ account) {
      yield signIn(account)
      for (let i = 0; i < 60; i += 1) yield { url: '/api/profile', after: 10 * second }
    },
  }
}

/** Thirty colleagues without a session, behind one address with one managed browser, within so many ms. */
export const rush = (
  /** @type {Random} */ random,
  /** @type {(browser?: string) => Record<string, string>} */ headers,
  /** @type {number} */ within,
) =>
  Array.from({ length: 30 }, (_, i) => {
    const name = `colleague ${i}`
    const email = `colleague-${i}@example.com`
    /** @type {Actor} */
    const actor = {
      kind: `an office, within ${within / minute} min`,
      isAttack: false,
      client: name,
      address: '203.0.113.31',
      headers: headers('office'),
      startsAt: random.between(0, within),
      account: { email, password: 'Glass-Onion-31', name },
      arrives: 'known',
      script: scripts(random).colleague,
    }
    return actor
  })

/** All people of the replay. */
export const people = (
  /** @type {Random} */ random,
  /** @type {(browser?: string) => Record<string, string>} */ headers,
  /** @type {number} */ scale,
) => {
  const { between, chance } = random
  const kinds = scripts(random)
  /** @type {Actor[]} */
  const actors = []
  let number = 0
  /** @param {Partial<Actor> & Pick<Actor, 'kind' | 'script'>} what */
  const add = (what) => {
    number += 1
    const name = `person ${number}`
    const email = `person-${number}@example.com`
    actors.push({
      isAttack: false,
      client: name,
      address: `192.0.${number >> 8}.${number & 255}`,
      headers: headers(),
      startsAt: between(0, 10 * minute),
      account: { email, password: 'Glass-Onion-31', name },
      arrives: chance(0.6) ? 'signed in' : 'known',
      ...what,
    })
  }
  const some = (/** @type {number} */ count, /** @type {() => void} */ make) => {
    for (let i = Math.max(1, Math.round(count * scale)); i > 0; i -= 1) make()
  }

  some(150, () => add({ kind: 'visitors, in bursts', script: kinds.visitor }))
  some(40, () => add({ kind: 'visitors who stay out', script: kinds.undecided, arrives: 'known' }))
  const office = { address: '203.0.113.30', headers: headers('office') }
  some(30, () =>
    add({
      kind: 'an office behind one address',
      script: kinds.colleague,
      ...office,
      arrives: chance(0.8) ? 'signed in' : 'known',
    }),
  )
  some(60, () => add({ kind: 'telephones on the move', script: kinds.traveller }))
  some(30, () =>
    add({ kind: 'password managers retrying', script: kinds.managed, arrives: 'known' }),
  )
  some(8, () => add({ kind: 'three slips of the finger', script: kinds.clumsy, arrives: 'known' }))
  const script = { 'user-agent': 'python-requests/2.32' }
  some(10, () =>
    add({
      kind: 'scripts of their own',
      script: kinds.automated,
      headers: script,
      arrives: 'known',
    }),
  )
  return actors
}
