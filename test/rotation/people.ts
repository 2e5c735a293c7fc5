import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { password, person } from '../support/app.js'
import { readJws } from '../support/jws.js'
import type { Deployment } from './deployment.js'

interface Tokens {
  accessToken: string
  refreshToken: string
}

/** How many requests of a kind were answered as they should be. */
export type Counts = Record<'signedIn' | 'refreshed' | 'asked' | 'askedService', number>

export interface People {
  counts: Counts
  /** Everything that was not as it should be. A Redis that is late on a busy machine is no verdict. */
  refused: string[]
  /** The key ids that present tokens bear. */
  kids: () => { access: string[]; refresh: string[] }
  /** Resolves when everybody has signed in, refreshed and asked once more. */
  rounds: () => Promise<void>
  leave: () => Promise<void>
}

/** A token that is about to expire is no proof of anything: on a busy machine it may do so on its way. */
const isFresh = (token: string): boolean =>
  Number(readJws(token).claims.exp) - Date.now() / 1000 > 3

/**
 * People without cookies who sign in, refresh and ask all the time, at whichever instance is next, and ask
 * another service, if there is one, with the same tokens.
 */
export const createPeople = async (
  t: Pick<Test, 'teardown'>,
  send: Deployment['send'],
  askService?: (token: string) => Promise<number>,
  count = 4,
): Promise<People> => {
  const counts: Counts = { signedIn: 0, refreshed: 0, asked: 0, askedService: 0 }
  const refused: string[] = []
  const present = new Map<string, Tokens>()
  const rounds = new Map<string, number>()
  let isOpen = true

  const call = async (path: string, body?: object, token?: string) => {
    const answer = await send(
      `/api/auth/${path}`,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'x-token-delivery': 'body',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
      },
      JSON.stringify(body),
    )
    const { code, data } = JSON.parse(await text(answer))
    return { status: answer.statusCode ?? 0, code, data }
  }
  const hand = async (kind: keyof Counts, name: string, path: string, body: object) => {
    const { status, code, data } = await call(path, body)
    if (code === 'STORE_UNAVAILABLE') return
    if (status >= 300) refused.push(`${kind}: ${status} ${code}`)
    else {
      counts[kind] += 1
      present.set(name, data)
    }
  }
  const ask = async (token: string) => {
    const [{ status, code }, service] = await Promise.all([
      call('session', undefined, token),
      askService?.(token),
    ])
    // It may have expired on its way, which has nothing to do with keys.
    if (!isFresh(token) || code === 'STORE_UNAVAILABLE') return
    if (status === 200) counts.asked += 1
    else refused.push(`asked: ${status} ${code}`)
    if (service === 200) counts.askedService += 1
    else if (service !== undefined) refused.push(`asked another service: ${service}`)
  }

  const round = async (name: string) => {
    const { email } = person(name)
    const tokens = present.get(name)
    if (
      tokens === undefined ||
      !isFresh(tokens.refreshToken) ||
      (rounds.get(name) ?? 0) % 8 === 0
    ) {
      await hand('signedIn', name, 'login', { email, password })
    } else {
      const { refreshToken } = tokens
      await hand('refreshed', name, 'refresh', { refreshToken })
    }
    for (let i = 0; i < 3; i++) await ask(present.get(name)?.accessToken ?? '')
    rounds.set(name, (rounds.get(name) ?? 0) + 1)
  }
  const live = async (name: string) => {
    while (isOpen) {
      await round(name).catch((error) => refused.push(`failed: ${error.cause ?? error}`))
      await wait(50)
    }
  }

  const names = Array.from({ length: count }, (_, i) => `person${i}`)
  for (const name of names) await hand('signedIn', name, 'register', person(name))
  const lives = names.map(live)
  const leave = async () => {
    isOpen = false
    await Promise.all(lives)
  }
  t.teardown(leave)

  const kidsOf = (kind: keyof Tokens) => [
    ...new Set([...present.values()].map((tokens) => String(readJws(tokens[kind]).header.kid))),
  ]
  return {
    counts,
    refused,
    kids: () => ({ access: kidsOf('accessToken'), refresh: kidsOf('refreshToken') }),
    rounds: async () => {
      const before = new Map(rounds)
      // The next round may have begun already, the one after it has not.
      const isDone = (name: string) => (rounds.get(name) ?? 0) >= (before.get(name) ?? 0) + 2
      while (!names.every(isDone)) await wait(20)
    },
    leave,
  }
}
