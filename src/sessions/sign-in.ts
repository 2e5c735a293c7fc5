import { networkOf } from '../abuse/address.js'
import { checkSubject } from '../abuse/check-subject.js'
import type { Device } from '../abuse/devices.js'
import type { PasswordGuard } from '../abuse/password-guard.js'
import type { Account } from '../accounts/account.js'
import type { AccountStore } from '../accounts/account-store.js'
import { emailRule } from '../accounts/rules.js'
import {
  AccountDeactivated,
  EmailNotVerified,
  InvalidCredentials,
  ValidationFailed,
} from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import { sortableId } from '../ids.js'
import type { Hasher } from '../passwords/hasher.js'
import type { Issue, IssuedTokens } from './issue.js'
import type { SessionLifetimes } from './session.js'
import type { SessionStore } from './session-store.js'

/** A session just started. */
export interface SignedIn {
  account: Account
  tokens: IssuedTokens
}

export interface SignInDeps {
  accounts: AccountStore
  sessions: SessionStore
  hasher: Hasher
  guard: PasswordGuard
  issue: Issue
  emit: Emit
  lifetimes: SessionLifetimes
  sessionsPerUser: number
  requireVerifiedEmail: boolean
  /** Whether to find out if a sign-in comes from a device that is new to the account. */
  watchDevices: boolean
}

/** What somebody signs in with; `device` is the browser, if it has signed in to anything before. */
export interface Credentials {
  email: string
  password: string
  device: Device | undefined
}

/** Signs people in, with a password or straight after their registration. */
export const createSignIn = (deps: SignInDeps) => {
  const start = async (
    account: Account,
    origin: Origin,
    reason?: 'new_device',
  ): Promise<SignedIn | 'account_changed'> => {
    const started = await deps.sessions.start({
      userId: account.userId,
      sid: sortableId(),
      passwordVersion: account.passwordVersion,
      device: { ip: origin.ip, userAgent: origin.userAgent },
      idle: deps.lifetimes.idle,
      absolute: deps.lifetimes.absolute,
      cap: deps.sessionsPerUser,
    })
    if (started === 'account_changed') return started
    const { session } = started
    const details = { userId: account.userId, sessionId: session.sid }
    deps.emit('login.succeeded', origin, reason === undefined ? details : { ...details, reason })
    const tokens = deps.issue(started.account, session, session.createdAt)
    return { account: started.account, tokens }
  }

  /** The account whose password this is, or a refusal that does not tell which of the two is wrong. */
  const authenticate = async ({ email, password, device }: Credentials, origin: Origin) => {
    const account = await deps.accounts.findByEmail(email)
    const details = account && { userId: account.userId }
    const subject = checkSubject(email, account?.userId, origin.ip, device)
    // Also for an unknown email: the same work takes the same time, and tells nothing.
    const verdict = await deps.guard(subject, origin, () =>
      deps.hasher.verify(account?.passwordHash, password),
    )
    if (account === undefined || verdict === 'mismatch') {
      deps.emit('login.failed', origin, { ...details, reason: 'invalid_credentials' })
      throw new InvalidCredentials()
    }
    if (!account.isActive) {
      deps.emit('login.failed', origin, { ...details, reason: 'account_deactivated' })
      throw new AccountDeactivated()
    }
    if (deps.requireVerifiedEmail && !account.emailVerified) {
      deps.emit('login.failed', origin, { ...details, reason: 'email_not_verified' })
      throw new EmailNotVerified()
    }
    if (verdict === 'outdated') {
      const { userId, passwordHash } = account
      await deps.accounts.renewHash(userId, passwordHash, await deps.hasher.hash(password))
    }
    return account
  }

  /**
   * Whether the device is new to an account that has been signed in to before: no cookie of it, and no live
   * session of a client that looks the same on the same network.
   */
  const newDevice = async (
    { userId, lastLoginAt }: Account,
    device: Device | undefined,
    { ip, userAgent }: Origin,
  ): Promise<'new_device' | undefined> => {
    if (!deps.watchDevices || lastLoginAt === 0) return undefined
    if (device?.userIds.includes(userId) === true) return undefined
    const network = networkOf(ip)
    const sessions = await deps.sessions.list(userId)
    const isKnown = sessions.some(
      (session) => session.userAgent === userAgent && networkOf(session.ip) === network,
    )
    return isKnown ? undefined : 'new_device'
  }

  return {
    /** Starts a session for an account whose owner has just proved who they are. */
    start: async (account: Account, origin: Origin): Promise<SignedIn> => {
      const signedIn = await start(account, origin)
      if (signedIn === 'account_changed') throw new InvalidCredentials()
      return signedIn
    },

    /**
     * Starts a session for a right email and password. Throws `InvalidCredentials`, `AccountDeactivated`
     * and `EmailNotVerified` (right password only), `AccountLocked`, `ValidationFailed`, `Overloaded`, `StoreUnavailable`.
     */
    withPassword: async (credentials: Credentials, origin: Origin): Promise<SignedIn> => {
      const ruled = emailRule(credentials.email)
      if ('problem' in ruled)
        throw new ValidationFailed([{ field: 'email', message: ruled.problem }])
      const normalised = { ...credentials, email: ruled.value }
      const attempt = async () => {
        const account = await authenticate(normalised, origin)
        return start(account, origin, await newDevice(account, credentials.device, origin))
      }
      const first = await attempt()
      if (first !== 'account_changed') return first
      // The account changed between check and start: what was checked does not count, check once more.
      const second = await attempt()
      if (second === 'account_changed') throw new InvalidCredentials()
      return second
    },
  }
}
