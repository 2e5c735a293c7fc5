import { setTimeout as wait } from 'node:timers/promises'
import { silenceMax } from '../../src/sessions/invalidation.js'
import { password, person } from '../support/app.js'

/** As long as somebody pauses between two requests, in milliseconds. */
const pace = 20

/** What a thief copied of a session before its owner ended it. */
interface Dead {
  cookie: string
  /** When the owner was told that it had ended. */
  at: number
}

/** What has happened to all requests since the last look. */
export interface Tally {
  requests: number
  /** Requests that got no good answer, by what they got instead; each was tried again. */
  failed: Record<string, number>
  /** Milliseconds from the first to the last of them. */
  outage: number
  /** The longest that anybody waited for what they wanted, with all that was tried again. */
  longest: number
}

interface Answer {
  status: number
  cookies: string[]
  body: string
  retryAfter: number
}

const send = async (
  url: string,
  method: string,
  cookie: string,
  payload?: object,
): Promise<Answer> => {
  try {
    const response = await fetch(url, {
      method,
      headers: { cookie, ...(payload && { 'content-type': 'application/json' }) },
      ...(payload && { body: JSON.stringify(payload) }),
      signal: AbortSignal.timeout(10_000),
    })
    return {
      status: response.status,
      cookies: response.headers.getSetCookie(),
      body: await response.text(),
      retryAfter: Number(response.headers.get('retry-after') ?? 0),
    }
  } catch {
    return { status: 0, cookies: [], body: '', retryAfter: 0 }
  }
}

/**
 * Browsers that use their sessions all the time, and treat failures as docs/spa.md says: what got no answer,
 * or a 502, 503 or 504, is tried again; nothing but a verdict signs anybody out. What may never be is noted.
 */
export const createCrowd = (url: string) => {
  const outrages: string[] = []
  const dead: Dead[] = []
  let tally = { requests: 0, failed: {} as Record<string, number>, first: 0, last: 0, longest: 0 }
  let isOver = false

  /** Asks until there is an answer that means something. */
  const insist = async (
    path: string,
    method: string,
    cookie: () => string,
    payload?: object,
  ): Promise<Answer> => {
    const began = performance.now()
    for (;;) {
      tally.requests += 1
      const answer = await send(`${url}${path}`, method, cookie(), payload)
      tally.longest = Math.max(tally.longest, performance.now() - began)
      if (![0, 502, 503, 504].includes(answer.status)) return answer
      const what = answer.status === 0 ? 'no answer' : `${answer.status}`
      tally.failed[what] = (tally.failed[what] ?? 0) + 1
      tally.last = performance.now()
      tally.first ||= tally.last
      if (answer.cookies.length > 0) outrages.push(`cookies are touched at a ${what}`)
      // Sooner than is asked for: it is the outage that is to be measured, not the patience.
      await wait(Math.min(answer.retryAfter * 1_000, 100) || 50)
    }
  }

  const enter = async (name: string) => {
    let jar = new Map<string, string>()
    let isIn = false
    let called = name
    const cookie = () => [...jar].map((pair) => pair.join('=')).join('; ')
    const act = async (path: string, method = 'GET', payload?: object): Promise<Answer> => {
      const answer = await insist(path, method, cookie, payload)
      for (const line of answer.cookies) {
        const [key = '', value = ''] = (line.split(';')[0] ?? '').split('=')
        jar.set(key, value)
      }
      // Somebody whose sign-up or change was done, and its answer lost, is told so by these.
      const isRepeated = answer.status === 409
      if (isIn && answer.status !== 200 && !isRepeated) {
        outrages.push(`${name}, signed in, ${method} ${path}: ${answer.status} ${answer.body}`)
      }
      return answer
    }
    const { email } = person(name)
    const signIn = async () => {
      jar = new Map()
      const { status } = await act('/api/auth/login', 'POST', { email, password })
      if (status !== 200) outrages.push(`${name} was told of an account: login is ${status}`)
      isIn = true
    }
    const { status } = await act('/api/auth/register', 'POST', person(name))
    if (status === 201) isIn = true
    else if (status === 409) await signIn()
    else outrages.push(`${name} can't sign up: ${status}`)

    const leave = async () => {
      const copied = cookie()
      await act('/api/auth/logout', 'POST')
      isIn = false
      dead.push({ cookie: copied, at: performance.now() })
      await signIn()
    }
    const rename = async (to: string) => {
      await act('/api/profile', 'PATCH', { name: to })
      called = to
    }
    const check = async () => {
      const { body } = await act('/api/profile')
      if (!body.includes(`"name":"${called}"`)) outrages.push(`${name} is not called ${called}`)
    }
    return async () => {
      for (let round = 1; !isOver; round++) {
        if (round % 40 === 0) await leave()
        else if (round % 15 === 0) await rename(`${name} ${round}`)
        else if (round % 4 === 0) await act('/api/auth/refresh', 'POST')
        else await check()
        await wait(pace)
      }
      await check()
    }
  }

  /** A thief who tries what was copied; only what the channel may not have told yet can still pass. */
  const haunt = async () => {
    while (!isOver) {
      for (const { cookie, at } of dead.slice(-20)) {
        const late = performance.now() - at
        const { status } = await send(`${url}/api/auth/session`, 'GET', cookie)
        if (status === 200 && late > silenceMax) {
          outrages.push(`a session is accepted ${Math.round(late)} ms after its end`)
        }
        await wait(pace)
      }
      await wait(pace)
    }
  }

  let running: Promise<unknown> = Promise.resolve()
  return {
    outrages,
    start: async (count: number): Promise<void> => {
      const people = Array.from({ length: count }, (_, i) => enter(`chaos${i}`))
      const lives = await Promise.all(people)
      running = Promise.all([...lives.map((live) => live()), haunt()])
    },
    /** What happened since it was asked for last. */
    take: (): Tally => {
      const { requests, failed, first, last, longest } = tally
      tally = { requests: 0, failed: {}, first: 0, last: 0, longest: 0 }
      return { requests, failed, outage: last - first, longest }
    },
    /** Everybody stops; whatever was ended must be refused at each of these doors. */
    stop: async (doors: string[]): Promise<number> => {
      isOver = true
      await running
      for (const { cookie } of dead) {
        for (const door of doors) {
          const asked = await send(`${door}/api/auth/session`, 'GET', cookie)
          const refreshed = await send(`${door}/api/auth/refresh`, 'POST', cookie)
          if (asked.status !== 401 || refreshed.status !== 403) {
            outrages.push(`an ended session: ${asked.status} and ${refreshed.status}`)
          }
        }
      }
      return dead.length
    },
  }
}
