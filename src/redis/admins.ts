import { isActiveAdmin } from '../accounts/account.js'
import { StoreUnavailable } from '../errors.js'
import { readAccount } from './account-record.js'
import type { Keys } from './keys.js'
import { type Client, command, script } from './script.js'

/** How long it is remembered who left: no message that puts somebody back comes as late. */
const memoryMs = 60 * 60_000
/** After so long, somebody who left and is an active admin still was left behind by a process that died. */
const changeMs = 60_000
/** As often as an account may change under a change of it before that is given up. */
const triesMax = 5

/** What a script answers that would take an active admin away, with the admin's standing. */
export type Guarded = ['guarded', string]

/** A hash's fields, or what of them is known. */
type Fields = Record<string, string | undefined>

/**
 * Keeps one active admin. The accounts lie in many slots of a Cluster, so no script can count the admins
 * among them. A hash names them: out of it goes who is about to cease to be one, before the account changes,
 * and only while others are left; into it goes who has become one, after. A crash in between leaves the hash
 * with too few, which refuses too much but never too little, and heals when that account is seen again.
 *
 * Every account counts its `standing`, and both ways bear it: a message that comes late, after the account
 * has changed once more, is known by it and changes nothing.
 */
export const createAdmins = (client: Client, keys: Keys) => {
  const joinAdmins = script<'joined' | 'outdated'>(client, 'join-admins')
  const leaveAdmins = script<string[]>(client, 'leave-admins')
  const renewStanding = script<['renewed', number] | ['changed']>(client, 'renew-standing')

  const join = (userId: string, standing: string | number) =>
    joinAdmins([keys.admins], [userId, standing])

  const rejoin = async (userId: string, standing: string): Promise<void> => {
    const [outcome, renewed] = await renewStanding([keys.account(userId)], [standing])
    if (outcome === 'renewed') await join(userId, renewed)
  }

  /** Whether one of these is an active admin by their own account: the hash may have lost a write. */
  const hasAdmin = async (userIds: string[]): Promise<boolean> => {
    const accounts = await Promise.all(
      userIds.map(async (userId) =>
        readAccount(userId, await command(client.hgetall(keys.account(userId)))),
      ),
    )
    return accounts.some((account) => account !== undefined && isActiveAdmin(account))
  }

  const leave = async (userId: string, standing: string): Promise<'left' | 'last_admin'> => {
    const others = await leaveAdmins([keys.admins], [userId, standing, memoryMs])
    if (others.length === 0) return 'last_admin'
    if (await hasAdmin(others)) return 'left'
    await rejoin(userId, standing)
    return 'last_admin'
  }

  return {
    join,

    /** Notes what has become of an account, by its fields. */
    note: async (userId: string, { role, active, standing }: Fields): Promise<void> => {
      if (role === 'admin' && active === '1') await join(userId, standing ?? '')
    },

    /**
     * Runs a script that may answer that it would take an active admin away; then that one is taken out and
     * the script runs again, with the standing that it may do so at.
     */
    guarded: async <Reply extends [string, ...unknown[]]>(
      userId: string,
      attempt: (standing: string) => Promise<Reply | Guarded>,
    ): Promise<Reply | ['last_admin']> => {
      let allowed = ''
      for (let tries = 0; tries < triesMax; tries++) {
        const reply = await attempt(allowed)
        if (!isGuarded(reply)) return reply
        allowed = reply[1]
        if ((await leave(userId, allowed)) === 'last_admin') return ['last_admin']
      }
      throw new StoreUnavailable()
    },

    /** Puts those back who are active admins, by their fields, but have been left out by a crash. */
    heal: async (seen: [userId: string, fields: Fields][]): Promise<void> => {
      const admins = seen.filter(([, { role, active }]) => role === 'admin' && active === '1')
      if (admins.length === 0) return
      const ids = admins.map(([userId]) => userId)
      const known = await command(client.hmget(keys.admins, ...ids))
      for (const [i, [userId, { standing = '' }]] of admins.entries()) {
        const entry = known[i]
        if (!entry) {
          await join(userId, standing)
          continue
        }
        // Only our own scripts write it.
        const { left } = JSON.parse(entry) as { left: number }
        if (left > 0 && Date.now() - left > changeMs) await rejoin(userId, standing)
      }
    },
  }
}

export type Admins = ReturnType<typeof createAdmins>

const isGuarded = (reply: [string, ...unknown[]]): reply is Guarded => reply[0] === 'guarded'
