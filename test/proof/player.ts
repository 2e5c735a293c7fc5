import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { password } from '../support/app.js'
import { readJws } from '../support/jws.js'
import { createGate, type Interference, interfering } from './interference.js'
import {
  changePassword,
  end,
  endAll,
  explain,
  type Family,
  familyOf,
  type Generation,
  genesis,
  isLive,
  type Limits,
  liveOf,
  pass,
  refresh,
  type Step,
  start,
  type World,
} from './model.js'

/** Where a play takes place: one store, and every instance on it. */
export interface Stage {
  instances: FastifyInstance[]
  limits: Limits
  /** Lets time pass for an account. */
  elapse: (userId: string, ms: number) => Promise<void>
  /** Resolves when every instance has heard of all that was announced before. */
  settle: () => Promise<void>
  /** Whether tokens grow old too. Where time passes by moving the stored times, they do not. */
  agesTokens: boolean
}

/** What somebody does, with any of the sessions and tokens that there have ever been. */
export interface Act {
  what: 'refresh' | 'logout' | 'end' | 'logoutAll' | 'changePassword' | 'signIn' | 'ask'
  /** How many sessions ago it began. */
  session: number
  /** How many tokens ago the token was handed out. */
  age: number
  /** On which instance. */
  where: number
  /** The store acts and its answer is lost, so the client tries once more, on the next instance. */
  isLost: boolean
}

interface Access {
  text: string
  sid: string
  expiresAt: number
}

interface Refresh extends Generation {
  text: string
}

type Answer = Pick<LightMyRequestResponse, 'statusCode' | 'json' | 'headers' | 'body'>

/** What an act came to: the steps that it must have been, and the answer that handed out tokens. */
interface Played {
  steps: Step[]
  handedOut?: Answer
}

/** Thrown when the machine has so much else to do that a healthy store's answer came too late: nothing is proved. */
export class Starved extends Error {}

let players = 0

/**
 * Plays what happens to one new account, and throws as soon as something is seen that the model does not
 * allow. It forgets no token that was ever handed out, as a thief would not.
 */
export const createPlayer = async (stage: Stage) => {
  const { instances, limits, settle } = stage
  const email = `play${++players}@example.com`
  let secret = password
  let secrets = 0
  let lastStart = 0

  /** Every state that the account may be in; more than one while it can't be told from outside. */
  let worlds: readonly World[] = [genesis]
  const played: string[] = []
  const refreshTokens = new Map<string, Refresh[]>()
  const accessTokens = new Map<string, Access[]>()
  /** The sessions that were live when the instances were last asked, or that have begun since. */
  const believed = new Set<string>()

  const demand = (holds: boolean, what: string): void => {
    if (holds) return
    throw new Error(
      `Not so: ${what}\nWorlds: ${JSON.stringify(worlds)}\nPlayed: ${played.join(', ')}`,
    )
  }
  const world = (): World => worlds[0] ?? genesis
  const ended = ({ idleEnd, absoluteEnd }: Family) => Math.min(idleEnd, absoluteEnd)

  /** Takes note of the tokens in an answer, after comparing them with those of before. */
  const keep = (answer: Answer): void => {
    const { accessToken, refreshToken } = answer.json().data
    const { claims } = readJws(refreshToken)
    const { now } = world()
    const sid = String(claims.sid)
    const generation = Number(String(claims.jti).slice(sid.length + 1))
    const family = familyOf(world(), sid)
    const refreshes = refreshTokens.get(sid) ?? []
    const accesses = accessTokens.get(sid) ?? []

    const absoluteEnd = Math.ceil((Date.now() + family.absoluteEnd - now) / 1000)
    demand(Number(claims.exp) <= absoluteEnd, 'no refresh token reaches past the absolute end')
    demand(Number(readJws(accessToken).claims.exp) <= Number(claims.exp), 'nor an access token')

    const copy = refreshes.find((other) => other.generation === generation)
    const issuedAt = now
    if (copy === undefined) {
      const expiresAt = stage.agesTokens ? ended(family) : Number.POSITIVE_INFINITY
      refreshes.push({ text: refreshToken, sid, generation, issuedAt, expiresAt })
    } else {
      // Where stored times were moved since, it is the same but for its times.
      const moved = stage.agesTokens ? 0 : (now - copy.issuedAt) / 1000
      const before = readJws(copy.text).claims
      const same = { ...before, iat: Number(before.iat) - moved, exp: Number(before.exp) - moved }
      demand(JSON.stringify(claims) === JSON.stringify(same), 'one generation is one token')
      demand(moved > 0 || refreshToken === copy.text, 'the successor is byte for byte the same')
    }
    const expiresAt = Math.min(now + limits.access, ended(family))
    const access = { text: accessToken, sid, expiresAt }
    accesses.push(stage.agesTokens ? access : { ...access, expiresAt: Number.POSITIVE_INFINITY })
    refreshTokens.set(sid, refreshes)
    accessTokens.set(sid, accesses)
    believed.add(sid)
  }

  /** Takes what was seen as one moment of the story, in which all of it happened at once. */
  const conclude = (seen: Played[]): void => {
    const steps = seen.map((one) => one.steps)
    const next = explain(worlds, steps)
    demand(next.length > 0, 'some order of these acts explains what was seen')
    worlds = next
    for (const { handedOut } of seen) if (handedOut !== undefined) keep(handedOut)
  }

  const send = async (
    where: number,
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    { token, payload }: { token?: string; payload?: object } = {},
    hand: Interference = {},
  ): Promise<Answer> => {
    const app = instances[where % instances.length]
    if (app === undefined) throw new Error('There is no instance')
    const answer = await app.inject({
      method,
      url,
      headers: {
        'x-token-delivery': 'body',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(payload && { payload }),
    })
    if (answer.statusCode === 503 && hand.lost === undefined) throw new Starved()
    demand(answer.statusCode !== 503 || 'retry-after' in answer.headers, '503 tells when to retry')
    return answer
  }

  const isOk = ({ statusCode }: Answer) => statusCode === 200 || statusCode === 201
  const sidOf = (answer: Answer): string =>
    String(readJws(answer.json().data.refreshToken).claims.sid)

  const authenticated =
    (access: Access, isExpected: boolean): Step =>
    (world) => {
      const isGood = isLive(world, familyOf(world, access.sid)) && world.now < access.expiresAt
      return isGood === isExpected ? world : undefined
    }
  const started =
    (sid: string): Step =>
    (world) =>
      start(world, limits, sid)

  /** The steps of a request behind the guard, which has let it through unless the answer is 401. */
  const guarded = (access: Access, answer: Answer, steps: Step[]): Step[] =>
    answer.statusCode === 401
      ? [authenticated(access, false)]
      : [authenticated(access, true), ...steps]

  const playRefresh = async (where: number, token: Refresh, hand: Interference) => {
    const payload = { refreshToken: token.text }
    const answer = await send(where, 'POST', '/api/auth/refresh', { payload }, hand)
    const step: Step = (world) => {
      const { world: next, verdict } = refresh(world, limits, token)
      if (hand.lost) return answer.statusCode === 503 ? next : undefined
      const { data, code } = answer.json()
      const seen = isOk(answer) ? readJws(data.refreshToken).claims.jti : code
      const expected = typeof verdict === 'number' ? `${token.sid}.${verdict}` : verdict
      return seen === expected ? next : undefined
    }
    return { steps: [step], ...(isOk(answer) && { handedOut: answer }) }
  }

  const playLogout = async (where: number, token: Refresh, hand: Interference) => {
    const payload = { refreshToken: token.text }
    const { statusCode } = await send(where, 'POST', '/api/auth/logout', { payload }, hand)
    demand(statusCode === (hand.lost ? 503 : 200), 'a logout always succeeds')
    // A token whose own life is over names no session any more.
    const step: Step = (world) => (token.expiresAt <= world.now ? world : end(world, token.sid))
    return { steps: [step] }
  }

  const playAsk = async (where: number, access: Access) => {
    const answer = await send(where, 'GET', '/api/auth/session', { token: access.text })
    demand(isOk(answer) || answer.statusCode === 401, answer.body)
    return { steps: [authenticated(access, isOk(answer))] }
  }

  const playEnd = async (where: number, access: Access, sid: string, hand: Interference) => {
    const { text: token } = access
    const answer = await send(where, 'DELETE', `/api/auth/sessions/${sid}`, { token }, hand)
    const step: Step = (world) => {
      const expected = isLive(world, familyOf(world, sid)) ? 200 : 404
      return hand.lost || answer.statusCode === expected ? end(world, sid) : undefined
    }
    return { steps: guarded(access, answer, [step]) }
  }

  const playLogoutAll = async (where: number, access: Access, hand: Interference) => {
    const answer = await send(where, 'POST', '/api/auth/logout-all', { token: access.text }, hand)
    const step: Step = (world) => {
      const isExplained = hand.lost || answer.json().data?.revoked === liveOf(world).length
      return isExplained ? endAll(world) : undefined
    }
    return { steps: guarded(access, answer, [step]) }
  }

  /** No two sessions begin in one millisecond, so that it is plain which is the oldest. */
  const begin = async (work: () => Promise<Answer>): Promise<Answer> => {
    while (Date.now() <= lastStart) await setImmediate()
    const answer = await work()
    lastStart = Date.now()
    return answer
  }

  const playChange = async (
    where: number,
    { text: token, ...rest }: Access,
    hand: Interference,
  ) => {
    const access = { text: token, ...rest }
    const newPassword = `${password}-${++secrets}x`
    const payload = { currentPassword: secret, newPassword }
    const answer = await begin(() =>
      send(where, 'POST', '/api/auth/password/change', { token, payload }, hand),
    )
    if (answer.statusCode === 401) return { steps: guarded(access, answer, []) }
    demand(isOk(answer) || hand.lost !== undefined, answer.body)
    secret = newPassword
    const sid = hand.lost ? hand.lost.startedSid : sidOf(answer)
    const steps = [changePassword, ...(sid === undefined ? [] : [started(sid)])]
    return { steps: guarded(access, answer, steps), ...(isOk(answer) && { handedOut: answer }) }
  }

  const playSignIn = async (where: number, hand: Interference) => {
    const payload = { email, password: secret }
    const answer = await begin(() => send(where, 'POST', '/api/auth/login', { payload }, hand))
    if (hand.lost?.startedSid !== undefined) return { steps: [started(hand.lost.startedSid)] }
    demand(isOk(answer), `whoever knows the password gets in: ${answer.body}`)
    return { steps: [started(sidOf(answer))], handedOut: answer }
  }

  /** The tokens that an act is about. */
  const tokensOf = ({ session, age }: Pick<Act, 'session' | 'age'>) => {
    const sids = [...refreshTokens.keys()].reverse()
    const of = <Token>(tokens: Map<string, Token[]>, sid: string): Token => {
      const list = tokens.get(sid) ?? []
      const token = list[Math.max(0, list.length - 1 - age)]
      if (token === undefined) throw new Error('No token was handed out yet')
      return token
    }
    const sid = sids[session % sids.length] ?? ''
    const other = sids[(session + age) % sids.length] ?? ''
    return { token: of(refreshTokens, sid), access: of(accessTokens, sid), other }
  }
  type Tokens = ReturnType<typeof tokensOf>

  const perform = (
    { what, where }: Pick<Act, 'what' | 'where'>,
    { token, access, other }: Tokens,
    hand: Interference = {},
  ): Promise<Played> =>
    interfering(hand, () => {
      if (what === 'refresh') return playRefresh(where, token, hand)
      if (what === 'logout') return playLogout(where, token, hand)
      if (what === 'ask') return playAsk(where, access)
      if (what === 'end') return playEnd(where, access, other, hand)
      if (what === 'logoutAll') return playLogoutAll(where, access, hand)
      if (what === 'changePassword') return playChange(where, access, hand)
      return playSignIn(where, hand)
    })

  /** Asks instances about the latest token of every session that they may believe in. */
  const askAll = async (places: Iterable<number>): Promise<void> => {
    for (const sid of believed) {
      const access = accessTokens.get(sid)?.at(-1)
      if (access === undefined) continue
      for (const where of places) conclude([await playAsk(where, access)])
    }
  }

  /** All instances are of one mind, as soon as they have heard of what was announced. */
  const agree = async (): Promise<void> => {
    await settle()
    await askAll([...instances.keys()])
    for (const sid of [...believed]) if (!liveOf(world()).includes(sid)) believed.delete(sid)
  }

  const losable = ({ what, age }: Act): string | undefined =>
    ({
      refresh: 'rotate',
      logout: 'end',
      end: 'end',
      logoutAll: 'endAll',
      changePassword: age % 2 === 0 ? 'changePassword' : 'start',
      signIn: 'start',
      ask: undefined,
    })[what]

  const one = async (act: Act): Promise<void> => {
    played.push(`${act.what} ${act.session}/${act.age}${act.isLost ? ' lost' : ''}`)
    const tokens = tokensOf(act)
    const lose = act.isLost ? losable(act) : undefined
    conclude([await perform(act, tokens, { lose })])
    // Where it was done, it holds at once, whether or not the instance has heard what came of it.
    await askAll([act.where])
    if (lose !== undefined) {
      await settle()
      conclude([await perform({ ...act, where: act.where + 1 }, tokens)])
    }
    await agree()
  }

  /** All at once; of those that begin a session or change the password only the first is taken along. */
  const runAll = async (acts: Act[]): Promise<void> => {
    const begins = ({ what }: Act) => what === 'signIn' || what === 'changePassword'
    const kept = acts.filter((act) => !begins(act) || act === acts.find(begins))
    played.push(
      `(${kept.map(({ what, session, age }) => `${what} ${session}/${age}`).join(' | ')})`,
    )
    conclude(await Promise.all(kept.map((act) => perform(act, tokensOf(act)))))
  }

  const signUp = async (): Promise<string> => {
    const payload = { email, password, name: 'Ada' }
    const answer = await begin(() => send(0, 'POST', '/api/auth/register', { payload }))
    conclude([{ steps: [started(sidOf(answer))], handedOut: answer }])
    return String(readJws(answer.json().data.refreshToken).claims.sub)
  }
  const userId = await signUp()
  await agree()

  return {
    one,

    together: async (acts: Act[]): Promise<void> => {
      await runAll(acts)
      await agree()
    },

    /**
     * The insertion race: an instance has loaded a session for a token that it did not know, then all this
     * happens and all instances hear of it, and only then the instance goes on with what it has loaded.
     */
    overtake: async ({ session, where }: Act, acts: Act[]): Promise<void> => {
      const latest = { session, age: 0 }
      conclude([await perform({ what: 'refresh', where }, tokensOf(latest))])
      await settle()
      const gate = createGate()
      const { access } = tokensOf(latest)
      const before = worlds
      const asked = interfering({ gate }, () => playAsk(where + 1, access))
      // Nothing is loaded for a token that is known, or dead.
      await Promise.race([gate.reached, asked])
      played.push('overtake')
      await runAll(acts)
      await settle()
      gate.open()
      const { steps } = await asked
      demand(explain(before, [steps]).length > 0, 'it answers what it has loaded')
      await agree()
    },

    wait: async (ms: number): Promise<void> => {
      played.push(`${ms / 1000} s`)
      await stage.elapse(userId, ms)
      worlds = worlds.map((world) => pass(world, ms))
      await agree()
    },

    /** What holds of any story. */
    finish: async (): Promise<void> => {
      played.push('finish')
      for (const sid of refreshTokens.keys()) {
        const token = refreshTokens.get(sid)?.at(-1)
        if (token === undefined) continue
        const wasLive = liveOf(world()).includes(sid)
        const answers = await Promise.all(
          [...instances.keys()].map((where) => playRefresh(where, token, {})),
        )
        conclude(answers)
        // A live session's latest token always refreshes, wherever; no revoked session comes back.
        const count = answers.filter(({ handedOut }) => handedOut !== undefined).length
        demand(count === (wasLive ? instances.length : 0), 'the latest token refreshes')
      }
      await agree()
      const live = liveOf(world())
      const access = accessTokens.get(live[0] ?? '')?.at(-1)
      for (const where of access === undefined ? [] : instances.keys()) {
        const answer = await send(where, 'GET', '/api/auth/sessions', { token: access?.text ?? '' })
        const sessions: { sessionId: string }[] = answer.json().data.sessions
        const listed = sessions.map(({ sessionId }) => sessionId)
        demand(listed.sort().join() === live.sort().join(), `the live ones are listed: ${listed}`)
      }
      await stage.elapse(userId, limits.absolute)
      worlds = worlds.map((world) => pass(world, limits.absolute))
      for (const [sid, tokens] of refreshTokens) {
        const latest = tokens.at(-1)
        demand(!liveOf(world()).includes(sid), 'the absolute end is the end')
        if (latest !== undefined) conclude([await playRefresh(0, latest, {})])
      }
      await agree()
    },
  }
}
