import type { Account } from '../accounts/account.js'
import type { Announcer } from '../sessions/invalidation.js'
import type { Session } from '../sessions/session.js'
import type { Rotation, SessionStore } from '../sessions/session-store.js'
import { readValues } from './account-record.js'
import type { Keys } from './keys.js'
import { type Client, script } from './script.js'
import { readSession, writeDevice } from './session-record.js'

type Found = [record: string, device: string, account: (string | null)[]]
type Started = [...Found, ended: number]
type Rotated = [outcome: 'rotated' | 'repeated', ...Found, now: number]
type Listed = [sid: string, record: string, device: string]
type Refused = [outcome: 'reused' | 'stale' | 'missing' | 'account_gone']

/** The sessions in Redis: one hash an account, a few fields a session. */
export const createSessionStore = (
  client: Client,
  keys: Keys,
  { announce, announced }: Announcer,
): SessionStore => {
  const startSession = script<Started | 'account_changed'>(client, 'start-session')
  const rotateSession = script<Rotated | Refused>(client, 'rotate-session')
  const findSession = script<Found | null>(client, 'find-session')
  const listSessions = script<Listed[]>(client, 'list-sessions')
  const endSession = script<'ended' | 'missing'>(client, 'end-session')
  const endSessions = script<number>(client, 'end-sessions')
  const slot = (userId: string) => [keys.account(userId), keys.sessions(userId)]

  return {
    async start({ userId, sid, passwordVersion, device, idle, absolute, cap }) {
      const args = [sid, passwordVersion, writeDevice(device), idle, absolute, cap]
      const work = startSession(slot(userId), [...args, keys.invalidate, userId])
      const reply = await work.catch((error: unknown) => {
        // Nobody knows whether it ended others.
        announce({ userId })
        throw error
      })
      if (reply === 'account_changed') return reply
      const [record, from, account, ended] = reply
      announce({ userId, ...(ended === 0 && { endsNothing: true }) })
      return readFound(userId, sid, [record, from, account])
    },

    async rotate({ userId, sid, generation, device, idle, grace, punish }): Promise<Rotation> {
      const args = [sid, generation, writeDevice(device), idle, grace, punish ? 1 : 0]
      const reply = await rotateSession(slot(userId), [...args, keys.invalidate, userId])
      if (!isRotated(reply)) {
        if (reply[0] === 'reused') announce({ userId, sid })
        return { outcome: reply[0] }
      }
      const [outcome, record, from, account, now] = reply
      return { outcome, now, ...readFound(userId, sid, [record, from, account]) }
    },

    async find(userId, sid) {
      const reply = await findSession(slot(userId), [sid])
      return reply === null ? undefined : readFound(userId, sid, reply)
    },

    async list(userId) {
      const live = await listSessions([keys.sessions(userId)])
      return live.map((one) => readSession(...one))
    },

    end: (userId, sid) =>
      announced(
        { userId, sid },
        endSession([keys.sessions(userId)], [sid, keys.invalidate, userId]),
      ),

    endAll: (userId) =>
      announced({ userId }, endSessions([keys.sessions(userId)], [keys.invalidate, userId])),
  }
}

const isRotated = (reply: Rotated | Refused): reply is Rotated => reply.length > 1

const readFound = (
  userId: string,
  sid: string,
  [record, device, values]: Found,
): { account: Account; session: Session } => {
  const account = readValues(userId, values)
  if (account === undefined) throw new Error('The store answered a session without its account')
  return { account, session: readSession(sid, record, device) }
}
