import type { LockoutStore } from '../abuse/lockout-store.js'
import { LastAdmin, UserNotFound } from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import type { SessionStore } from '../sessions/session-store.js'
import type { Account } from './account.js'
import type { AccountPage, AccountQuery } from './account-list.js'
import type { AccountChange, AccountStore } from './account-store.js'
import { createRemoveAccount } from './remove-account.js'

/** Who administers: an admin, by id, or somebody at the command line, who has none. */
export interface Actor {
  origin: Origin
  actorId?: string
  /** How it was done, for the events: 'by_admin', 'by_operator'. */
  reason: string
}

export interface AdministrationDeps {
  accounts: AccountStore
  sessions: Pick<SessionStore, 'endAll'>
  lockout: Pick<LockoutStore, 'clear'>
  emit: Emit
}

/** The outcome, where there is an account; a refusal otherwise. */
const required = <Found extends object>(
  found: Found | 'missing' | 'last_admin' | undefined,
): Found => {
  if (found === undefined || found === 'missing') throw new UserNotFound()
  if (found === 'last_admin') throw new LastAdmin()
  return found
}

/**
 * What is done with the accounts of others. No password is among it, neither to be seen nor to be set.
 * Everything throws `UserNotFound` for an unknown id, and `StoreUnavailable`.
 */
export const createAdministration = (deps: AdministrationDeps) => {
  const { accounts, emit } = deps
  const removeAccount = createRemoveAccount(deps)
  const find = async (userId: string): Promise<Account> => required(await accounts.findById(userId))
  const detailsOf = (userId: string, { actorId, reason }: Actor) => ({
    userId,
    ...(actorId !== undefined && { actorId }),
    reason,
  })

  return {
    find,

    /** A page of accounts, the newest first. Throws `ValidationFailed` for a bad cursor. */
    list: (query: AccountQuery): Promise<AccountPage> => accounts.list(query),

    /**
     * Changes role and state; sessions live on with the new role, and end with a deactivation. Throws
     * `LastAdmin`.
     */
    change: async (
      userId: string,
      change: Pick<AccountChange, 'role' | 'isActive'>,
      actor: Actor,
    ): Promise<Account> => {
      const changed = await accounts.change(userId, change)
      const { before, account } = required('account' in changed ? changed : changed.outcome)
      const details = detailsOf(userId, actor)
      if (account.role !== before.role) emit('role.changed', actor.origin, details)
      if (account.isActive !== before.isActive) {
        const type = account.isActive ? 'account.activated' : 'account.deactivated'
        emit(type, actor.origin, details)
      }
      return account
    },

    /** Removes an account with all that belongs to it. Throws `LastAdmin`. */
    remove: async (userId: string, actor: Actor): Promise<Account> =>
      required(await removeAccount(userId, actor.origin, detailsOf(userId, actor))),

    /** Forgets the failed sign-ins of an account: its locks, also those of the whole account. */
    unlock: async (userId: string, actor: Actor): Promise<Account> => {
      const account = await find(userId)
      await deps.lockout.clear(account.email)
      emit('account.unlocked', actor.origin, detailsOf(userId, actor))
      return account
    },

    /** Signs all devices of an account out; answers how many there were. */
    endSessions: async (userId: string, actor: Actor): Promise<number> => {
      await find(userId)
      const count = await deps.sessions.endAll(userId)
      emit('session.revoked', actor.origin, detailsOf(userId, actor))
      return count
    },
  }
}

export type Administration = ReturnType<typeof createAdministration>
