import type { EventDetails, EventType } from '../events/security-event.js'
import type { NoticeKind } from './mail-job.js'

/** What the owner of an account is told of a security event, if anything. */
export const noticeOf = (type: EventType, { reason }: EventDetails): NoticeKind | undefined => {
  switch (type) {
    case 'password.changed':
    case 'password.reset':
      return 'password-changed'
    case 'role.changed':
      return 'role-changed'
    case 'token.reuse_detected':
      return 'session-reuse'
    case 'login.succeeded':
      return reason === 'new_device' ? 'new-device' : undefined
    case 'login.locked':
      return reason === 'tier_reached' ? 'lockout' : undefined
    default:
      return undefined
  }
}
