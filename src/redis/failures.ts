import { StoreUnavailable } from '../errors.js'

/**
 * Replies that say the server can't serve now: out of memory, a replica, starting, a Cluster in trouble, a
 * disk that refuses, a login that is not accepted. Redis 6.2 wraps them when they arise in a script.
 */
const unavailable =
  /\b(OOM|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|UNKILLABLE|NOAUTH|WRONGPASS|NOPERM)\b/

/**
 * The failure behind a rejected command, as the rest of the house knows it. Whatever is not a reply (a lost
 * connection, a time-out, no connection at all) means that the store is away; a reply that is none of the
 * above is a mistake of ours and stays what it is.
 */
export const storeFailure = (error: unknown): unknown => {
  const failure = withoutCommand(error)
  return failure instanceof Error &&
    failure.name === 'ReplyError' &&
    !unavailable.test(failure.message)
    ? failure
    : new StoreUnavailable({ cause: failure })
}

/**
 * ioredis puts the command and its arguments on the error, and so a password hash or the password of the
 * Redis itself into the log.
 */
export const withoutCommand = <Failure>(error: Failure): Failure => {
  if (error instanceof Error) Reflect.deleteProperty(error, 'command')
  return error
}
