/** What attackers do, by kind. Each should be stopped. */

/**
 * @typedef {import('./run.js').Actor} Actor
 * @typedef {import('./run.js').Account} Account
 * @typedef {import('./run.js').Script} Script
 * @typedef {import('./random.js').Random} Random
 */

const second = 1_000
const minute = 60 * second

/** @returns {import('./run.js').Step} */
const guess = (/** @type {string} */ email, /** @type {number} */ number, after = 0) => ({
  method: 'POST',
  url: '/api/auth/login',
  body: { email, password: `Guess-Number-${number}` },
  after,
})

const folders = ['admin', 'wp-admin', 'backup', 'phpmyadmin', '.git', 'api/v1', 'api/internal']

const scripts = (/** @type {Random} */ { between, pick }) => ({
  /** Many passwords for one account, from one address. @returns {Script} */
  *force(/** @type {Account} */ { email }) {
    for (let i = 0; i < 60; i += 1) yield guess(email, i, between(200, 1_500))
  },
  /** A list of stolen pairs, one after the other. @returns {Script} */
  *stuffing() {
    for (let i = 0; i < 20; i += 1) {
      yield guess(`stolen-${between(1, 9_999)}@example.com`, i, between(3, 12) * second)
    }
  },
  /** The same from an address that is given up after two. @returns {Script} */
  *fleeting() {
    for (let i = 0; i < 2; i += 1) {
      yield guess(`stolen-${between(1, 9_999)}@example.com`, i, between(2, 9) * second)
    }
  },
  /** Looks for what may be there. @returns {Script} */
  *scan() {
    for (let i = 0; i < 60; i += 1) {
      yield { url: `/${pick(folders)}/${between(1, 9_999)}`, after: between(100, 900) }
    }
  },
  /** Asks for one thing without end. @returns {Script} */
  *scrape() {
    for (let i = 0; i < 90; i += 1) yield { url: '/api/profile', after: between(200, 1_200) }
  },
  /** The same, slowly. @returns {Script} */
  *scrapeSlowly() {
    for (let i = 0; i < 150; i += 1) yield { url: '/api/profile', after: between(3, 4) * second }
  },
  /** The same with an account of one's own. @returns {Script} */
  *scrapeSignedIn(/** @type {Account} */ { email, password }) {
    yield { method: 'POST', url: '/api/auth/login', body: { email, password } }
    for (let i = 0; i < 400; i += 1) yield { url: '/api/profile', after: between(50, 150) }
  },
  /** Three guesses a minute, each at another account. @returns {Script} */
  *slow() {
    for (let i = 0; i < 45; i += 1)
      yield guess(`slow-${between(1, 9_999)}@example.com`, i, 20 * second)
  },
})

/** All attackers of the replay. */
export const attackers = (
  /** @type {Random} */ random,
  /** @type {(browser?: string) => Record<string, string>} */ headers,
  /** @type {number} */ scale,
) => {
  const { between } = random
  const kinds = scripts(random)
  /** @type {Actor[]} */
  const actors = []
  let number = 0
  const accountOf = (/** @type {string} */ name) => ({
    email: `${name.replaceAll(' ', '-')}@example.com`,
    password: 'Glass-Onion-31',
    name,
  })
  /** @param {Partial<Actor> & Pick<Actor, 'kind' | 'script'>} what */
  const add = (what) => {
    number += 1
    actors.push({
      isAttack: true,
      client: `attacker ${number}`,
      address: `198.18.${number >> 8}.${number & 255}`,
      headers: headers(),
      startsAt: between(0, 10 * minute),
      ...what,
    })
  }
  const some = (/** @type {number} */ count, /** @type {(i: number) => void} */ make) => {
    const all = Math.max(1, Math.round(count * scale))
    for (let i = 0; i < all; i += 1) make(i)
  }

  some(20, (i) =>
    add({ kind: 'brute force', script: kinds.force, account: accountOf(`victim ${i}`) }),
  )
  some(50, () => add({ kind: 'stuffing, many addresses', script: kinds.stuffing }))
  some(8, () => add({ kind: 'stuffing, two tries each', script: kinds.fleeting }))
  some(25, () => add({ kind: 'scanning', script: kinds.scan }))
  some(15, () => add({ kind: 'scraping', script: kinds.scrape }))
  some(5, () => add({ kind: 'scraping, slowly', script: kinds.scrapeSlowly }))
  some(5, (i) =>
    add({
      kind: 'scraping, signed in',
      script: kinds.scrapeSignedIn,
      account: accountOf(`scraper ${i}`),
    }),
  )
  some(10, () => add({ kind: 'slow guessing', script: kinds.slow }))
  // A hundred and fifty addresses that guess at one account, three a minute: one attacker.
  some(3, (i) => {
    const account = accountOf(`target ${i}`)
    for (let turn = 0; turn < 150; turn += 1) {
      add({
        kind: 'slow guessing, many addresses',
        client: `campaign ${i}`,
        startsAt: turn * 20 * second,
        account,
        *script({ email }) {
          yield guess(email, turn)
        },
      })
    }
  })
  return actors
}
