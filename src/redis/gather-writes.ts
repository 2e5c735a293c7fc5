import type { Redis } from 'ioredis'

/**
 * Lets all commands of one turn of the event loop leave in one write. A write by itself costs more than the
 * command in it, on both sides, and dozens of requests come in by one turn. Nothing waits for it: the write
 * follows as soon as this turn has read what there is.
 */
export const gatherWrites = (redis: Redis): void => {
  const send = redis.sendCommand.bind(redis)
  let gathering: Redis['stream'] | undefined
  redis.sendCommand = (command, ...rest) => {
    // Another one after a new connection; none before the first.
    const { stream } = redis
    if (stream !== undefined && stream !== gathering) {
      gathering = stream
      stream.cork()
      setImmediate(() => {
        if (gathering === stream) gathering = undefined
        stream.uncork()
      })
    }
    return send(command, ...rest)
  }
}
