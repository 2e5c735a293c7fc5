import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { randomId } from '../ids.js'

/** A browser that has signed in before, and to which accounts; the latest first. */
export interface Device {
  id: string
  userIds: string[]
}

/** As many accounts as one browser is known for. */
const accountsMax = 5
/** How long after its last sign-in a browser is known, in milliseconds: a year. */
export const knownMs = 365 * 24 * 60 * 60_000
/**
 * Id, time of the last sign-in, accounts and signature. Parts are joined by a dot; ids have none, those that
 * accounts were imported with neither.
 */
const form = /^(\w{22})\.([\da-z]{1,11})((?:\.[\w-]{1,64}){1,5})\.([\w-]{43})$/

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
    /** The device behind a cookie's value, or undefined if the value is not ours or too old. */
    read: (value: string): Device | undefined => {
      const [, id, time, accounts, signature] = form.exec(value) ?? []
      if (!id || !time || !accounts || !signature) return undefined
      const sent = Buffer.from(signature, 'base64url')
      const text = `${id}.${time}${accounts}`
      if (!keys.some((key) => timingSafeEqual(sign(key, text), sent))) return undefined
      if (Number.parseInt(time, 36) + knownMs <= Date.now()) return undefined
      return { id, userIds: accounts.slice(1).split('.') }
    },

    /** The cookie's value for a device, new or known, that has just signed in to this account. */
    write: (device: Device | undefined, userId: string): string => {
      const others = device?.userIds.filter((other) => other !== userId) ?? []
      const userIds = [userId, ...others].slice(0, accountsMax)
      const text = [device?.id ?? randomId(), Date.now().toString(36), ...userIds].join('.')
      return `${text}.${sign(present, text).toString('base64url')}`
    },
  }
}
