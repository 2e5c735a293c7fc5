import type { Emit } from '../events/security-event.js'
import { randomId } from '../ids.js'
import type { Hasher } from '../passwords/hasher.js'
import type { Account } from './account.js'
import type { AccountStore } from './account-store.js'
import { emailRule } from './rules.js'

/** What the first admin is called until they rename themselves. */
const firstAdminName = 'Administrator'

export interface FirstAdminDeps {
  accounts: AccountStore
  hasher: Hasher
  emit: Emit
}

/** 'pending': somebody is making it at this moment, and may yet fail: ask again. */
export type FirstAdmin = { outcome: 'made' | 'exists'; account: Account } | { outcome: 'pending' }

/**
 * Makes the configured admin unless an account has that email already, whoever it is: that one is left as it
 * is. However many instances start at once, one account is made. Throws `StoreUnavailable`, `Overloaded`; to
 * be called again then.
 */
export const createFirstAdmin =
  ({ accounts, hasher, emit }: FirstAdminDeps) =>
  async (address: string, password: string): Promise<FirstAdmin> => {
    const ruled = emailRule(address)
    // The configuration is refused before it comes to this.
    if ('problem' in ruled) throw new TypeError('ADMIN_EMAIL is not an email address')
    const email = ruled.value
    const present = await accounts.findByEmail(email)
    if (present !== undefined) return { outcome: 'exists', account: present }
    const account: Account = {
      userId: randomId(),
      email,
      name: firstAdminName,
      role: 'admin',
      // Whoever configures the server vouches for it, and a mail may not be possible yet.
      emailVerified: true,
      isActive: true,
      passwordHash: await hasher.hash(password),
      passwordVersion: 1,
      createdAt: Date.now(),
      lastLoginAt: 0,
    }
    if ((await accounts.create(account)) !== 'created') return { outcome: 'pending' }
    const origin = { requestId: randomId(), ip: '', userAgent: '' }
    emit('user.registered', origin, { userId: account.userId, reason: 'first_admin' })
    return { outcome: 'made', account }
  }
