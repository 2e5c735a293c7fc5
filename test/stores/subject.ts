import type { Account } from '../../src/accounts/account.js'
import { randomId, sortableId } from '../../src/ids.js'
import type { Device, Session } from '../../src/sessions/session.js'
import type { Rotation, SessionStore } from '../../src/sessions/session-store.js'
import type { Stores } from '../../src/stores.js'

/** A store that the contract suites are run against. */
export interface Subject {
  stores: Stores
  /** The same data as another instance sees it; `stores` again where only one process may have it open. */
  elsewhere: Stores
  /** Lets time pass for the sessions of an account. */
  age: (userId: string, ms: number) => Promise<void>
  /** Changes an account as no method of the ports does; without `changes` it is gone. */
  alter: (
    userId: string,
    changes?: Partial<Pick<Account, 'email' | 'isActive' | 'passwordVersion'>>,
  ) => Promise<void>
}

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** An account that nobody has yet. */
export const newAccount = (details: Partial<Account> = {}): Account => {
  const userId = randomId()
  return {
    userId,
    email: `${userId.toLowerCase()}@example.com`,
    name: 'Ada Lovelace',
    role: 'user',
    emailVerified: false,
    isActive: true,
    passwordHash: `$argon2id$v=19$m=19456,t=2,p=1$${randomId()}$${randomId()}${randomId()}`,
    passwordVersion: 1,
    createdAt: Date.now(),
    lastLoginAt: 0,
    ...details,
  }
}

export const phone: Device = { ip: '192.0.2.1', userAgent: 'Phone/1.0 "Ä" \\ ☎' }
export const laptop: Device = { ip: '2001:db8::1', userAgent: 'Laptop/2.0' }

type Start = Parameters<SessionStore['start']>[0]
type Rotate = Parameters<SessionStore['rotate']>[0]

/** Fifty calls at once, by turns here and elsewhere. */
export const fiftyTimes = <Result>(
  { stores, elsewhere }: Subject,
  call: (stores: Stores, index: number) => Promise<Result>,
): Promise<Result[]> =>
  Promise.all(Array.from({ length: 50 }, (_, i) => call(i % 2 === 0 ? stores : elsewhere, i)))

/** How often each answer was given. */
export const tally = (answers: string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1
  return counts
}

/** What the suites say in a word: calls with everything that a test does not care about filled in. */
export const inShort = ({ accounts, sessions }: Stores) => {
  const tryStart = (userId: string, details: Partial<Start> = {}) =>
    sessions.start({
      userId,
      sid: sortableId(),
      passwordVersion: 1,
      device: phone,
      idle: hour,
      absolute: day,
      cap: 10,
      ...details,
    })

  return {
    /** A new account. */
    signedUp: async (details: Partial<Account> = {}): Promise<Account> => {
      const account = newAccount(details)
      const outcome = await accounts.create(account)
      if (outcome !== 'created') throw new Error(`The account was not created: ${outcome}`)
      return account
    },
    tryStart,
    /** A session that must start. */
    start: async (userId: string, details: Partial<Start> = {}): Promise<Session> => {
      const started = await tryStart(userId, details)
      if (started === 'account_changed') throw new Error('The session did not start')
      return started.session
    },
    rotate: (
      userId: string,
      sid: string,
      generation: number,
      details: Partial<Rotate> = {},
    ): Promise<Rotation> =>
      sessions.rotate({
        userId,
        sid,
        generation,
        device: phone,
        idle: hour,
        grace: 30 * second,
        punish: true,
        ...details,
      }),
    /** The ids of an account's live sessions. */
    live: async (userId: string): Promise<string[]> =>
      (await sessions.list(userId)).map(({ sid }) => sid).sort(),
  }
}
