/**
 * What may happen to the sessions of one account, said once more and as plainly as can be: the proofs hold
 * both stores to it. It shares no line with the code that it judges. Times are milliseconds since the
 * account began.
 */

/** How long things live. */
export interface Limits {
  access: number
  idle: number
  absolute: number
  grace: number
  /** Live sessions at most. */
  cap: number
}

/** A session: the chain of refresh tokens that one sign-in began. */
export interface Family {
  readonly sid: string
  /** The password that it was started with. */
  readonly passwordVersion: number
  /** The one generation that has a successor still to come, and the one before it (0: there is none). */
  readonly present: number
  readonly previous: number
  readonly rotatedAt: number
  readonly idleEnd: number
  readonly absoluteEnd: number
  readonly isRevoked: boolean
}

/** One state that everything may be in. */
export interface World {
  readonly now: number
  readonly passwordVersion: number
  /** Every family that ever was, the oldest first. */
  readonly families: readonly Family[]
}

/** A refresh token as its bearer holds it. */
export interface Generation {
  sid: string
  generation: number
  issuedAt: number
  /** The end of its own life, which is written in it. */
  expiresAt: number
}

export const genesis: World = { now: 0, passwordVersion: 1, families: [] }

/**
 * A family lives until it is revoked, until its account has another password, and never past its idle end,
 * which is never past its absolute end. Nothing below makes a dead one live.
 */
export const isLive = (world: World, family: Family): boolean =>
  !family.isRevoked &&
  family.passwordVersion === world.passwordVersion &&
  world.now < Math.min(family.idleEnd, family.absoluteEnd)

export const familyOf = ({ families }: World, sid: string): Family => {
  const family = families.find((one) => one.sid === sid)
  if (family === undefined) throw new Error(`There was never a session ${sid}`)
  return family
}

const replace = (world: World, family: Family): World => ({
  ...world,
  families: world.families.map((one) => (one.sid === family.sid ? family : one)),
})

export const pass = (world: World, ms: number): World => ({ ...world, now: world.now + ms })

/** A sign-in begins a family; past the cap the oldest live ones end. */
export const start = (world: World, limits: Limits, sid: string): World => {
  const live = world.families.filter((family) => isLive(world, family))
  const surplus = live.slice(0, Math.max(0, live.length - limits.cap + 1))
  const { now, passwordVersion } = world
  const family: Family = {
    sid,
    passwordVersion,
    present: 1,
    previous: 0,
    rotatedAt: now,
    idleEnd: now + limits.idle,
    absoluteEnd: now + limits.absolute,
    isRevoked: false,
  }
  const spared = surplus.reduce((rest, { sid }) => end(rest, sid), world)
  return { ...spared, families: [...spared.families, family] }
}

/** What a refresh answers: the generation handed out, or the code of the refusal. */
export type Verdict = number | 'REFRESH_FAILED' | 'INVALID_REFRESH_TOKEN'

/** The present token is exchanged, the previous one gets the same successor within the grace, all else is reuse. */
export const refresh = (
  world: World,
  limits: Limits,
  token: Generation,
): { world: World; verdict: Verdict } => {
  if (token.expiresAt <= world.now) return { world, verdict: 'REFRESH_FAILED' }
  const family = familyOf(world, token.sid)
  if (!isLive(world, family)) return { world, verdict: 'INVALID_REFRESH_TOKEN' }
  if (token.generation === family.present) {
    const successor: Family = {
      ...family,
      previous: family.present,
      present: family.present + 1,
      rotatedAt: world.now,
      idleEnd: world.now + limits.idle,
    }
    return { world: replace(world, successor), verdict: successor.present }
  }
  const isInTime = world.now - family.rotatedAt <= limits.grace
  if (token.generation === family.previous && isInTime) return { world, verdict: family.present }
  return { world: end(world, token.sid), verdict: 'INVALID_REFRESH_TOKEN' }
}

export const end = (world: World, sid: string): World =>
  replace(world, { ...familyOf(world, sid), isRevoked: true })

export const liveOf = (world: World): string[] =>
  world.families.filter((family) => isLive(world, family)).map(({ sid }) => sid)

export const endAll = (world: World): World => liveOf(world).reduce(end, world)

/** Every family of before is dead by it, whatever grace it had. */
export const changePassword = (world: World): World => ({
  ...world,
  passwordVersion: world.passwordVersion + 1,
})

/** One atomic step of something that happened: the world after it, or nothing where it can't have been so. */
export type Step = (world: World) => World | undefined

/**
 * Every world that may be after these acts, of which all ran at once, each as its steps in order: those of
 * the interleavings that agree with everything that was seen. None: what was seen is impossible.
 */
export const explain = (
  worlds: readonly World[],
  acts: readonly (readonly Step[])[],
): readonly World[] => {
  const ends = new Map<string, World>()
  const visited = new Set<string>()
  const walk = (world: World, done: readonly number[]): void => {
    const place = JSON.stringify([done, world])
    if (visited.has(place)) return
    visited.add(place)
    let isOver = true
    for (const [act, steps] of acts.entries()) {
      const count = done[act] ?? 0
      const step = steps[count]
      if (step === undefined) continue
      isOver = false
      const next = step(world)
      if (next !== undefined) walk(next, done.with(act, count + 1))
    }
    if (isOver) ends.set(JSON.stringify(world), world)
  }
  for (const world of worlds) {
    const none = acts.map(() => 0)
    walk(world, none)
  }
  return [...ends.values()]
}
