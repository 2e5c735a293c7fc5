import type { Account } from '../accounts/account.js'
import {
  InvalidRefreshToken,
  NoRefreshToken,
  RefreshFailed,
  RefreshUserNotFound,
} from '../errors.js'
import type { Emit, Origin } from '../events/security-event.js'
import type { PresentedToken, RefreshTokens } from '../tokens/refresh-token.js'
import type { Issue, IssuedTokens } from './issue.js'
import type { SessionLifetimes } from './session.js'
import type { Rotation, SessionStore } from './session-store.js'

export interface RefreshDeps {
  sessions: SessionStore
  refreshTokens: RefreshTokens
  issue: Issue
  emit: Emit
  lifetimes: SessionLifetimes
}

/**
 * Exchanges a refresh token for its successor. A browser may send several cookies of one name (an old
 * domain or path), so it takes all that were presented: any one that is current decides, and the stale ones
 * beside it are no reuse. Throws `NoRefreshToken`, `RefreshFailed`, `InvalidRefreshToken`,
 * `RefreshUserNotFound`, `StoreUnavailable`.
 */
export const createRefresh = (deps: RefreshDeps) => {
  // Written out: V8 makes a new layout of the object at each spread into a larger one.
  const rotate = (
    { userId, sid, generation }: PresentedToken,
    { ip, userAgent }: Origin,
    punish: boolean,
  ): Promise<Rotation> =>
    deps.sessions.rotate({
      userId,
      sid,
      generation,
      device: { ip, userAgent },
      idle: deps.lifetimes.idle,
      grace: deps.lifetimes.grace,
      punish,
    })

  /** The rotation that decides: the first that succeeds, else the verdict on the last. */
  const decide = async (tokens: [PresentedToken, ...PresentedToken[]], origin: Origin) => {
    const [only] = tokens
    if (tokens.length === 1) return { token: only, rotation: await rotate(only, origin, true) }
    for (const token of tokens) {
      const rotation = await rotate(token, origin, false)
      if (rotation.outcome === 'rotated' || rotation.outcome === 'repeated')
        return { token, rotation }
    }
    // None is current, so this is what it looks like: each stale one is reuse.
    let last = { token: only, rotation: await rotate(only, origin, true) }
    for (const token of tokens.slice(1)) {
      last = { token, rotation: await rotate(token, origin, true) }
    }
    return last
  }

  return async (
    presented: string[],
    origin: Origin,
  ): Promise<{ account: Account; tokens: IssuedTokens }> => {
    if (presented.length === 0) throw new NoRefreshToken()
    const [first, ...others] = presented.flatMap((token) => deps.refreshTokens.read(token) ?? [])
    if (first === undefined) {
      deps.emit('token.rejected', origin, { reason: 'refresh_token_invalid' })
      throw new RefreshFailed()
    }

    const { token, rotation } = await decide([first, ...others], origin)
    const details = { userId: token.userId, sessionId: token.sid }
    switch (rotation.outcome) {
      case 'rotated':
      case 'repeated':
        deps.emit('token.refreshed', origin, {
          userId: token.userId,
          sessionId: token.sid,
          reason: rotation.outcome,
        })
        return {
          account: rotation.account,
          tokens: deps.issue(rotation.account, rotation.session, rotation.now),
        }
      case 'account_gone':
        deps.emit('token.rejected', origin, { ...details, reason: rotation.outcome })
        throw new RefreshUserNotFound()
      case 'reused':
        deps.emit('token.reuse_detected', origin, details)
        throw new InvalidRefreshToken()
      case 'stale':
      case 'missing':
        deps.emit('token.rejected', origin, { ...details, reason: 'session_ended' })
        throw new InvalidRefreshToken()
    }
  }
}
