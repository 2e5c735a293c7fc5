import { networkOf } from './address.js'
import type { Device } from './devices.js'
import type { CheckSubject } from './password-guard.js'

/**
 * Whom a password check is about: a device that has signed in to the account before has a counter of its
 * own, so that a neighbour behind the same address can't lock it out; everybody else is an address.
 */
export const checkSubject = (
  email: string,
  userId: string | undefined,
  ip: string,
  device: Device | undefined,
): CheckSubject => {
  const isKnownDevice = userId !== undefined && device?.userIds.includes(userId) === true
  return {
    email,
    isKnownDevice,
    source: isKnownDevice ? `device:${device.id}` : networkOf(ip),
    ...(userId !== undefined && { userId }),
  }
}
