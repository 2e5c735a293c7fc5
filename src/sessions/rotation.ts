import type { Session } from './session.js'

/**
 * What becomes of a presented generation; the rule that `SessionStore.rotate` states. Written once more in
 * `redis/lua/rotate-session.lua`, where it runs atomically; one suite holds both to it.
 */
export const judge = (
  session: Pick<Session, 'generation' | 'rotatedAt'>,
  presented: number,
  now: number,
  grace: number,
): 'rotated' | 'repeated' | 'reused' => {
  if (presented >= session.generation) return 'rotated'
  const isPrevious = presented === session.generation - 1 && presented > 0
  return isPrevious && now - session.rotatedAt <= grace ? 'repeated' : 'reused'
}
