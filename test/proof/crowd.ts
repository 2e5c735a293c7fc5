import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { silenceMax } from '../../src/sessions/invalidation.js'
import { password, person } from '../support/app.js'
import { type Client, createClient } from '../support/client.js'

export type Answer = Pick<
  LightMyRequestResponse,
  'statusCode' | 'headers' | 'cookies' | 'body' | 'json'
>

/** An instance, as its clients see it: an app of this process, or a process of its own. */
export interface Door {
  inject: (options: InjectOptions) => Promise<Answer>
}

/** The ways in which a session is ended by the one who has it. */
export const revocations = {
  logout: (client: Client) => client.post('/api/auth/logout'),
  logoutAll: (client: Client) => client.post('/api/auth/logout-all'),
  change: (client: Client) =>
    client.post('/api/auth/password/change', {
      currentPassword: password,
      newPassword: `${password}-new`,
    }),
} satisfies Record<string, (client: Client) => Promise<Answer>>
export type Revocation = keyof typeof revocations

/** A client of several doors, of which one is chosen for each request. */
export const clientOf = (choose: () => Door): Client =>
  createClient({ inject: (options: InjectOptions) => choose().inject(options) } as FastifyInstance)

/** The longest that anything is waited for, in milliseconds: the machine may have other things to do. */
const patience = 30_000

/** Asks again and again until the answer is yes. */
export const until = async (ask: () => boolean | Promise<boolean>, every = 5): Promise<void> => {
  for (const late = AbortSignal.timeout(patience); !(await ask()); late.throwIfAborted()) {
    await wait(every)
  }
}

/** Somebody who is signed in and goes on using it. */
interface Member {
  client: Client
  /** The door that is used from now on, in place of any. */
  door?: Door
  /** Requests that went well so far. */
  successes: number
  /** Resolves when the last request has been answered. */
  done: Promise<void>
  leave: () => void
}

/** Somebody's session that was ended, and the tokens that a thief had of it. */
interface Departed {
  access: string
  refresh: string
  /** The door that said so, if one did in as many words. */
  servedBy?: Door
  at: number
}

/** As long as a member pauses between two requests, in milliseconds. */
const pace = 20
let names = 0

/**
 * People who go on using their sessions at all doors whatever happens. An answer that no live session may
 * get is noted as an outrage: anything but success or a 503 that says when to try again and touches no cookie.
 */
export const createCrowd = (doors: Door[]) => {
  const members = new Set<Member>()
  const outrages: string[] = []
  let refusals = 0
  let turn = 0
  const anyDoor = (): Door => {
    const door = doors[turn++ % doors.length]
    if (door === undefined) throw new Error('There is no door')
    return door
  }

  /** Whether it went well; everything else but a proper 503 is an outrage. */
  const judge = (what: string, answer: Answer): boolean => {
    if (answer.statusCode === 200) return true
    const isProper =
      answer.statusCode === 503 && /^[1-9]\d*$/.test(`${answer.headers['retry-after']}`)
    if (!isProper) outrages.push(`${what}: ${answer.statusCode} ${answer.body}`)
    if ('set-cookie' in answer.headers) outrages.push(`${what}: touches cookies at a 503`)
    refusals += 1
    return false
  }

  const use = async (member: Member, round: number): Promise<void> => {
    const { client } = member
    if (round % 4 !== 0) {
      if (judge('session', await client.get('/api/auth/session'))) member.successes += 1
      return
    }
    // Two tabs at once, at two doors.
    const answers = await Promise.all([1, 2].map(() => client.post('/api/auth/refresh')))
    for (const answer of answers) if (judge('refresh', answer)) member.successes += 1
  }

  const enter = async (): Promise<void> => {
    const name = `crowd${++names}`
    let isIn = true
    const member: Member = {
      client: clientOf(() => member.door ?? anyDoor()),
      successes: 0,
      done: Promise.resolve(),
      leave: () => {
        isIn = false
      },
    }
    const { statusCode, body } = await member.client.post('/api/auth/register', person(name))
    if (statusCode !== 201) throw new Error(`${name} was not signed up: ${body}`)
    members.add(member)
    const stay = async () => {
      for (let round = 1; isIn; round++) {
        await use(member, round)
        await wait(pace)
      }
    }
    member.done = stay()
  }

  const join = (count: number) => Promise.all(Array.from({ length: count }, enter))

  /** Resolves when each of them has succeeded so often once more. */
  const progress = async (count = 5): Promise<void> => {
    const goals = [...members].map((member) => ({ member, goal: member.successes + count }))
    await until(() => goals.every(({ member, goal }) => member.successes >= goal))
  }

  /** One of them ends the session, however often it takes to be told so. */
  const depart = async (how: Revocation): Promise<Departed> => {
    const [member] = members
    if (member === undefined) throw new Error('Nobody is left')
    members.delete(member)
    member.leave()
    await member.done
    const { client } = member
    const { access_token: access = '', refresh_token: refresh = '' } = client.cookies()
    // Every instance that can knows the token before.
    for (const door of doors) {
      member.door = door
      judge('session', await client.get('/api/auth/session'))
    }
    for (;;) {
      const servedBy = anyDoor()
      member.door = servedBy
      const answer = await revocations[how](client)
      const at = performance.now()
      if (answer.statusCode === 200) return { access, refresh, servedBy, at }
      // Tried again after a lost answer, the guard refuses: that is an answer too.
      if (answer.statusCode === 401) return { access, refresh, at }
      judge(how, answer)
      await wait(pace)
    }
  }

  /**
   * Goes on using a dead session's tokens at every door until each has refused them. What is accepted for
   * longer than is allowed is an outrage: at all after the answer at the door that gave it, elsewhere while
   * that door may not have noticed yet that it hears nothing.
   */
  const haunt = async ({ access, refresh, servedBy, at }: Departed): Promise<void> => {
    const isRefusedBy = async (door: Door): Promise<boolean> => {
      const late = performance.now() - at
      const headers = { cookie: `access_token=${access}` }
      const { statusCode } = await door.inject({ url: '/api/auth/session', headers })
      const isTooLate = door === servedBy || late >= silenceMax
      if (statusCode === 200 && isTooLate) outrages.push(`accepted ${late} ms after its end`)
      return statusCode === 401
    }
    const isDeadAt = async (door: Door): Promise<boolean> => {
      const payload = { refreshToken: refresh }
      const answer = await door.inject({ method: 'POST', url: '/api/auth/refresh', payload })
      if (answer.statusCode === 200) outrages.push('a dead session is refreshed')
      return answer.statusCode === 403
    }
    await Promise.all(
      doors.map(async (door) => {
        await until(() => isRefusedBy(door), pace)
        await until(() => isDeadAt(door), pace)
      }),
    )
  }

  /** Everybody stops; each of them must still be signed in at every door, and able to refresh. */
  const disperse = async (t: Test): Promise<void> => {
    for (const member of members) member.leave()
    for (const { client, done } of members) {
      await done
      for (const _ of doors) {
        const asked = await client.get('/api/auth/session')
        const refreshed = await client.post('/api/auth/refresh')
        t.strictSame([asked.statusCode, refreshed.statusCode], [200, 200], 'signed in')
      }
    }
    members.clear()
  }

  return {
    progress,

    /** How many requests were answered 503. */
    get refusals() {
      return refusals
    },

    /** Resolves when somebody is refused by an outage. */
    suffer: async (): Promise<void> => {
      const before = refusals
      await until(() => refusals > before)
    },

    /**
     * A fault in the midst of work, with sessions ended in all these ways just before and during it.
     * Resolves when everything is well again: nobody lost a session, and nobody kept one that was ended.
     */
    endure: async (t: Test, how: Revocation[], fault: () => Promise<unknown>): Promise<void> => {
      await join(4 + 2 * how.length)
      await progress()
      const early = await Promise.all(how.map(depart))
      const during = Promise.all(how.map(depart))
      const [late] = await Promise.all([during, fault(), ...early.map(haunt)])
      await Promise.all(late.map(haunt))
      await areReady(doors)
      await progress()
      await disperse(t)
      t.strictSame(outrages.splice(0), [])
    },
  }
}

/** Resolves when every door has its store and its channel. */
export const areReady = async (doors: Door[]): Promise<void> => {
  for (const door of doors) {
    await until(async () => (await door.inject({ url: '/health/ready' })).statusCode === 200)
  }
}
