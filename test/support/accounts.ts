import { createKeys } from '../../src/redis/keys.js'
import type { Built, Device } from './app.js'
import type { RedisServer } from './redis.js'

/** Accounts as somebody else left them: changed in Redis behind the app's back. */
export const inRedis = ({ config }: Pick<Built, 'config'>, redis: RedisServer) => {
  const { account } = createKeys(config.REDIS_KEY_PREFIX)
  return {
    deactivate: ({ userId }: Device) => redis.command('HSET', account(userId), 'active', 0),
    activate: ({ userId }: Device) => redis.command('HSET', account(userId), 'active', 1),
    promote: ({ userId }: Device) => redis.command('HSET', account(userId), 'role', 'admin'),
    remove: ({ userId }: Device) => redis.command('DEL', account(userId)),
    /** The stored password hash's parameters and salt. */
    salt: ({ userId }: Device) => redis.command('HGET', account(userId), 'salt'),
  }
}

/** Signs somebody up and makes them an admin. */
export const signedUpAdmin = async (
  { app, signedUp }: Pick<Built, 'app' | 'signedUp'>,
  name: string,
): Promise<Device> => {
  const admin = await signedUp(name)
  const { outcome } = await app.stores.accounts.change(admin.userId, { role: 'admin' })
  if (outcome !== 'changed') throw new Error(`${name} has not become an admin: ${outcome}`)
  return admin
}
