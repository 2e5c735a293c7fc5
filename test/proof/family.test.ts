import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import { build } from '../support/app.js'
import { elapse } from '../support/clock.js'
import { startRedis } from '../support/redis.js'
import { hearing } from './hearing.js'
import { tamperWith } from './interference.js'
import type { Limits } from './model.js'
import { type Act, createPlayer, type Stage, Starved } from './player.js'

/*
 * Long random stories of one account are played on the real server, over both stores, and every answer is
 * held to the model (model.ts). What must hold of each story, whatever happens in it and in which order:
 * - a live session's latest token always refreshes, wherever it is presented;
 * - no revoked session comes back;
 * - a session has at most one live chain of successors: one generation is one token;
 * - within the grace the previous token gets the same successor, byte for byte;
 * - beyond it, or for anything older, it is reuse, and the session ends;
 * - nothing reaches past the absolute end;
 * - after a password change no token of before is worth anything, nor does harm to the new session;
 * - an answer that was lost costs nothing: the same request again goes through;
 * - all instances agree on every access token, as soon as the announcement has arrived, also where an
 *   instance had loaded the session before.
 *
 * PROOF_RUNS sets the number of stories for each store. A failure prints the seed and the shortest story
 * found; PROOF_SEED plays the stories of that seed again.
 */

const second = 1_000

/** Waits are multiples of 20 s, and every limit lies between two: how long a run takes decides nothing. */
const limits: Limits = {
  access: 910 * second,
  idle: 3_610 * second,
  absolute: 5_410 * second,
  grace: 50 * second,
  cap: 3,
}
const seconds = (ms: number) => `${ms / second}s`
const variables = {
  JWT_EXPIRES_IN: seconds(limits.access),
  JWT_REFRESH_EXPIRES_IN: seconds(limits.idle),
  SESSION_MAX_AGE: seconds(limits.absolute),
  REFRESH_GRACE: seconds(limits.grace),
  SESSIONS_PER_USER: String(limits.cap),
  JWT_CLOCK_TOLERANCE: '0s',
}
/** A story that takes longer than this can't be told by the model any more. */
const patience = 9 * second

const overEmbedded = async (t: Test): Promise<Stage> => {
  const { app } = await build(t, variables)
  tamperWith(app)
  return {
    instances: [app],
    limits,
    elapse: async (_userId, ms) => elapse(t, ms),
    settle: async () => {},
    agesTokens: true,
  }
}

/** Moves every session back, whose times all count from its creation, and with them the life of the key. */
const moveTimes = `
local latest = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if not string.find(all[i], '.', 1, true) then
    local created, rotated, generation, idle, others = string.match(all[i + 1], '^(%d+) (%S+) (%S+) (%S+)(.*)$')
    created = created - ARGV[1]
    latest = math.max(latest, created + rotated + idle)
    local start = string.format('%.0f', created)
    redis.call('HSET', KEYS[1], all[i], table.concat({ start, rotated, generation, idle }, ' ') .. others)
  end
end
if #all > 0 then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', latest)) end
return #all`

const overRedis = async (t: Test): Promise<Stage> => {
  const redis = await startRedis(t)
  const raw = await redis.connect()
  const prefix = 'proof:'
  const deployment = { ...variables, REDIS_URL: redis.url, REDIS_KEY_PREFIX: prefix }
  const instances = [(await build(t, deployment)).app, (await build(t, deployment)).app]
  instances.forEach(tamperWith)
  const keys = createKeys(prefix)

  const settle = hearing(instances, raw, keys.invalidate)
  return {
    instances,
    limits,
    elapse: async (userId, ms) => {
      await raw.eval(moveTimes, 1, keys.sessions(userId), ms)
      // Moving the times is no event of the real world: what is cached has to be read again.
      await raw.publish(keys.invalidate, userId)
      await settle()
    },
    settle,
    agesTokens: false,
  }
}

/** One of these, each as often as it is said. */
const often = <Value>(...choices: [weight: number, value: Value][]) =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const anAct: fc.Arbitrary<Act> = fc.record({
  what: often<Act['what']>(
    [20, 'refresh'],
    [6, 'signIn'],
    [3, 'changePassword'],
    [2, 'ask'],
    [2, 'logout'],
    [2, 'end'],
    [2, 'logoutAll'],
  ),
  session: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
  age: fc.oneof({ weight: 9, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(9) }),
  where: fc.nat(1),
  isLost: often([2, false], [1, true]),
})

type Move =
  | { kind: 'one'; act: Act }
  | { kind: 'together'; acts: Act[] }
  | { kind: 'overtake'; act: Act; acts: Act[] }
  | { kind: 'wait'; ms: number }

const aWait = (from: number, to: number) =>
  fc
    .integer({ min: from, max: to })
    .map((steps): Move => ({ kind: 'wait', ms: steps * 20 * second }))

/** The two sides of the window's end: the previous token some time after the rotation. */
const atTheEdge = fc
  .tuple(fc.nat(1), fc.nat(1), aWait(1, 5))
  .map(([first, second, wait]): Move[] => {
    const act = { what: 'refresh', session: 0, isLost: false } as const
    return [
      { kind: 'one', act: { ...act, age: 0, where: first } },
      wait,
      { kind: 'one', act: { ...act, age: 1, where: second } },
    ]
  })

const someMoves: fc.Arbitrary<Move[]> = fc.oneof(
  { weight: 8, arbitrary: anAct.map((act): Move[] => [{ kind: 'one', act }]) },
  {
    weight: 3,
    arbitrary: fc
      .array(anAct, { minLength: 2, maxLength: 4 })
      .map((acts): Move[] => [{ kind: 'together', acts }]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(anAct, fc.array(anAct, { minLength: 1, maxLength: 3 }))
      .map(([act, acts]): Move[] => [{ kind: 'overtake', act, acts }]),
  },
  { weight: 3, arbitrary: aWait(1, 4).map((wait) => [wait]) },
  { weight: 1, arbitrary: aWait(5, 185).map((wait) => [wait]) },
  { weight: 1, arbitrary: atTheEdge },
)
const aStory = fc
  .array(someMoves, { minLength: 1, maxLength: 30, size: 'max' })
  .map((moves) => moves.flat())

const runs = Number(process.env.PROOF_RUNS ?? 50)
const { PROOF_SEED } = process.env

const prove = async (t: Test, stage: Stage): Promise<void> => {
  let whole = 0
  const tell = async (moves: Move[]): Promise<void> => {
    const player = await createPlayer(stage)
    const began = performance.now()
    for (const move of moves) {
      if (move.kind === 'one') await player.one(move.act)
      else if (move.kind === 'together') await player.together(move.acts)
      else if (move.kind === 'overtake') await player.overtake(move.act, move.acts)
      else await player.wait(move.ms)
      if (performance.now() - began > patience) throw new Starved()
    }
    await player.finish()
    whole += 1
  }
  const property = fc.asyncProperty(aStory, (moves) =>
    tell(moves).catch((error: unknown) => {
      if (!(error instanceof Starved)) throw error
    }),
  )
  const seed = PROOF_SEED === undefined ? {} : { seed: Number(PROOF_SEED) }
  await fc.assert(property, { numRuns: runs, ...seed })
  t.ok(whole >= runs / 4, `${whole} of ${runs} stories came to their end`)
}

t.test('whatever happens to the sessions of an account is as the model says', async (t) => {
  t.test('over the embedded store', async (t) => prove(t, await overEmbedded(t)))
  t.test('over two instances on one Redis', async (t) => prove(t, await overRedis(t)))
})
