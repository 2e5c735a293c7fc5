import fc from 'fast-check'
import t from 'tap'
import { judge } from '../../src/sessions/rotation.js'

const grace = 30_000
const at = 1_000_000

t.test('judge', async (t) => {
  for (const [what, generation, presented, after, verdict] of [
    ['the present generation', 5, 5, 0, 'rotated'],
    ['the present generation, however old', 5, 5, 1e12, 'rotated'],
    ['the first generation of a new session', 1, 1, 0, 'rotated'],
    ['a generation that the store lost', 5, 6, 0, 'rotated'],
    ['the previous generation at once', 5, 4, 0, 'repeated'],
    ['the previous generation with the last of the grace', 5, 4, grace, 'repeated'],
    ['the previous generation a moment later', 5, 4, grace + 1, 'reused'],
    ['the generation before the previous one', 5, 3, 0, 'reused'],
    ['generation 0 of a new session', 1, 0, 0, 'reused'],
    ['generation 0 of an older one', 2, 0, 0, 'reused'],
  ] as const) {
    t.test(`calls ${what} ${verdict}`, async (t) => {
      t.equal(judge({ generation, rotatedAt: at }, presented, at + after, grace), verdict)
    })
  }

  const anything = {
    generation: fc.integer({ min: 1, max: 1_000 }),
    presented: fc.nat(1_010),
    after: fc.nat(100_000),
    grace: fc.nat(60_000),
  }

  t.test('never takes an older generation than the previous one for good', async (t) => {
    fc.assert(
      fc.property(fc.record(anything), ({ generation, presented, after, grace }) => {
        fc.pre(presented < generation - 1)
        return judge({ generation, rotatedAt: at }, presented, at + after, grace) === 'reused'
      }),
    )
    t.pass()
  })

  t.test('rests on the generation and the time since the rotation alone', async (t) => {
    fc.assert(
      fc.property(fc.record(anything), fc.nat(), (given, shift) => {
        const { generation, presented, after, grace } = given
        const verdict = judge({ generation, rotatedAt: at }, presented, at + after, grace)
        const rotatedAt = at + shift
        return judge({ generation, rotatedAt }, presented, rotatedAt + after, grace) === verdict
      }),
    )
    t.pass()
  })

  t.test('grows no milder with time', async (t) => {
    const severity = { rotated: 0, repeated: 0, reused: 1 }
    fc.assert(
      fc.property(fc.record(anything), fc.nat(100_000), (given, wait) => {
        const { generation, presented, after, grace } = given
        const session = { generation, rotatedAt: at }
        const now = judge(session, presented, at + after, grace)
        const later = judge(session, presented, at + after + wait, grace)
        return severity[later] >= severity[now] && (now === 'rotated') === (later === 'rotated')
      }),
    )
    t.pass()
  })
})
