import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { signedUpAdmin } from '../support/accounts.js'
import { cookieChanges, refused } from '../support/answers.js'
import { type Built, build, eventually } from '../support/app.js'
import { mailbox } from '../support/mailbox.js'
import { ownTime } from '../support/own-time.js'
import type { Fault } from './faults.js'
import { type Person, requestOf, samples, serviceToken } from './requests.js'
import { readTable, type Word } from './table.js'

/** As long as any answer may take, and as soon as all has to be well again, in milliseconds. */
const patience = 2_000

const { rows } = readTable()

type Assertion = (t: Test, answer: LightMyRequestResponse, route: string) => void

const served: Assertion = (t, answer, route) => {
  t.equal(answer.statusCode, samples[route]?.served ?? 200, answer.body)
}
const unavailable: Assertion = (t, answer) => refused(t, answer, 503, 'STORE_UNAVAILABLE')

const answerIs: Record<Word, Assertion> = {
  served,
  degraded: (t, answer) => {
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { data: { status: 'degraded' } })
  },
  '503': unavailable,
  '503 or served': (t, answer, route) =>
    (answer.statusCode === 503 ? unavailable : served)(t, answer, route),
  OVERLOADED: (t, answer) => refused(t, answer, 503, 'OVERLOADED'),
  UNDER_PRESSURE: (t, answer) => refused(t, answer, 503, 'UNDER_PRESSURE'),
}

/** Asks every route once, each for somebody else, and asserts that it answers what its cell says. */
const askAll = (t: Test, { app }: Built, column: string, people: Map<string, Person>) =>
  Promise.all(
    [...people].map(([route, who]) => {
      const word = rows.get(route)?.get(column) as Word
      return t.test(`${route}: ${word}`, async (t) => {
        const began = ownTime()
        const answer = await app.inject(requestOf(route, who))
        t.ok(ownTime() - began < patience, 'in time')
        answerIs[word](t, answer, route)
        if (answer.statusCode !== 503) return
        t.strictSame(cookieChanges(answer), { set: [], cleared: [] }, 'no cookie is touched')
        t.notMatch(answer.body, /redis|ECONN|127\.0\.0\.1|timed out/i, 'no driver speaks')
      })
    }),
  )

/** Somebody to ask for a route, with the link that it wants. */
const prepare = async (elsewhere: Built, route: string, name: string): Promise<Person> => {
  const { by, link } = samples[route] ?? {}
  const device = await (by === 'admin' ? signedUpAdmin(elsewhere, name) : elsewhere.signedUp(name))
  const wanted = link?.(name)
  if (wanted === undefined) return Object.assign(device, { name })
  const { ask, to, subject } = wanted
  if (ask !== undefined) await device.post(`/api/auth/${ask[0]}`, ask[1])
  const { token } = await mailbox(elsewhere.config.MAIL_OUTBOX_PATH).next(to, subject)
  return Object.assign(device, { name, token })
}

/** One column of the table: the fault comes, every route is asked, it goes, and nobody is signed out. */
export const endure = async (t: Test, column: string, { stage, variables }: Fault) => {
  const { url, begin, end } = await stage(t)
  const common = { REDIS_URL: url, REDIS_KEY_PREFIX: 'gh:', INTROSPECTION_TOKEN: serviceToken }
  // People sign up elsewhere, so that the instance under test remembers none of their tokens.
  const elsewhere = await build(t, common)
  const people = new Map<string, Person>()
  await eventually(async () => (await elsewhere.app.inject('/health/ready')).statusCode === 200)
  for (const [i, route] of [...rows.keys()].entries()) {
    people.set(route, await prepare(elsewhere, route, `person${i}x`))
  }
  const built = await build(t, { ...common, ...variables })
  const isReady = async () => (await built.app.inject('/health/ready')).statusCode === 200
  if (end !== undefined) await eventually(isReady)

  await begin(built)
  await askAll(t, built, column, people)
  if (end === undefined) return

  await t.test('and then all is well, with no restart', async (t) => {
    await end()
    const began = ownTime()
    await eventually(isReady)
    t.ok(ownTime() - began < patience, 'soon')
    for (const witness of ['GET /api/auth/session', 'GET /api/auth/sessions', 'GET /api/profile']) {
      const who = people.get(witness)
      if (who === undefined) continue
      for (const route of [witness, 'POST /api/auth/refresh']) {
        const { statusCode } = await built.app.inject(requestOf(route, who))
        t.equal(statusCode, 200, `${route} for somebody who was there before`)
      }
    }
  })
}
