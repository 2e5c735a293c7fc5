import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { randomId } from '../ids.js'

/** A browser that has signed in before, and to which accounts; the latest first. */
export interface Device {
  id: string
  userIds: string[]
}

/** As many accounts as one browser is known for. */
const accountsMax = 5
/** Parts are joined by a dot; ids have none. */
const form = /^(\w{22})((?:\.\w{22}){1,5})\.([\w-]{43})$/

/**
 * Signs and reads the value of the device cookie (OWASP, "Slow Down Online Guessing Attacks with Device
 * Cookies"): proof that this browser has signed in to an account, so that guesses made elsewhere can't
 * lock its owner out. It lets nobody in.
 */
export const createDevices = (secrets: readonly [string, ...string[]]) => {
  // Keys of their own: a value signed here means nothing as a token, and the other way round.
  const derive = (secret: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse device cookie', 32))
  const present = derive(secrets[0])
  const keys = [present, ...secrets.slice(1).map(derive)]
  const sign = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()

  return {
    /** The device behind a cookie's value, or undefined if the value is not ours. */
    read: (value: string): Device | undefined => {
      const [, id, accounts, signature] = form.exec(value) ?? []
      if (id === undefined || accounts === undefined || signature === undefined) return undefined
      const sent = Buffer.from(signature, 'base64url')
      const isOurs = keys.some((key) => timingSafeEqual(sign(key, id + accounts), sent))
      return isOurs ? { id, userIds: accounts.slice(1).split('.') } : undefined
    },

    /** The cookie's value for a device, new or known, that has just signed in to this account. */
    write: (device: Device | undefined, userId: string): string => {
      const others = device?.userIds.filter((other) => other !== userId) ?? []
      const userIds = [userId, ...others].slice(0, accountsMax)
      const text = [device?.id ?? randomId(), ...userIds].join('.')
      return `${text}.${sign(present, text).toString('base64url')}`
    },
  }
}

export type Devices = ReturnType<typeof createDevices>
